//! SQLite through rusqlite: in memory, prepared and cached statements, foreign keys on, settings for speed.

use rusqlite::{Connection, Row, params};

use super::{Data, Post, Tag, Thread, User};

pub fn empty() -> Connection {
    let connection = Connection::open_in_memory().expect("SQLite opens");
    connection.set_prepared_statement_cache_capacity(64);
    let schema = "
        PRAGMA foreign_keys = ON; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;
        CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, karma INTEGER NOT NULL);
        CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio TEXT NOT NULL);
        CREATE TABLE forums (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
        CREATE TABLE threads (id INTEGER PRIMARY KEY, forum_id INTEGER NOT NULL REFERENCES forums ON DELETE CASCADE,
            title TEXT NOT NULL);
        CREATE INDEX threads_forum ON threads (forum_id);
        CREATE TABLE posts (id INTEGER PRIMARY KEY, thread_id INTEGER NOT NULL REFERENCES threads ON DELETE CASCADE,
            author_id INTEGER NOT NULL REFERENCES users, parent_id INTEGER REFERENCES posts ON DELETE CASCADE,
            body TEXT NOT NULL, score INTEGER NOT NULL);
        CREATE INDEX posts_thread ON posts (thread_id);
        CREATE INDEX posts_author ON posts (author_id);
        CREATE INDEX posts_parent ON posts (parent_id);
        CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE post_tags (post_id INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
            tag_id INTEGER NOT NULL REFERENCES tags ON DELETE CASCADE, PRIMARY KEY (post_id, tag_id)) WITHOUT ROWID;
        CREATE INDEX post_tags_tag ON post_tags (tag_id);
        CREATE TABLE votes (post_id INTEGER NOT NULL REFERENCES posts ON DELETE CASCADE,
            user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE, value INTEGER NOT NULL,
            PRIMARY KEY (post_id, user_id)) WITHOUT ROWID;
        CREATE INDEX votes_user ON votes (user_id);";
    connection.execute_batch(schema).expect("the schema is right");
    connection
}

/// All rows in one transaction.
pub fn fill(data: &Data) -> Connection {
    let mut connection = empty();
    let transaction = connection.transaction().expect("a transaction begins");
    let id = |it: Option<i64>| it.expect("keys are given");
    macro_rules! insert {
        ($sql:literal, $rows:expr, $row:ident => $params:expr) => {{
            let mut statement = transaction.prepare_cached($sql).expect("the statement is right");
            for $row in $rows {
                statement.execute($params).expect("the data is right");
            }
        }};
    }
    insert!("INSERT INTO users VALUES (?,?,?,?)", &data.users, it => params![id(it.id.get()), it.email, it.name, it.karma]);
    insert!("INSERT INTO profiles VALUES (?,?)", &data.profiles, it => params![id(it.user_id.get()), it.bio]);
    insert!("INSERT INTO forums VALUES (?,?)", &data.forums, it => params![id(it.id.get()), it.title]);
    insert!("INSERT INTO threads VALUES (?,?,?)", &data.threads, it => params![id(it.id.get()), id(it.forum_id.get()), it.title]);
    insert!("INSERT INTO posts VALUES (?,?,?,?,?,?)", &data.posts, it => params![
        id(it.id.get()), id(it.thread_id.get()), id(it.author_id.get()), it.parent_id.and_then(|it| it.get()), it.body, it.score
    ]);
    insert!("INSERT INTO tags VALUES (?,?)", &data.tags, it => params![id(it.id.get()), it.name]);
    insert!("INSERT INTO post_tags VALUES (?,?)", &data.post_tags, it => params![id(it.post_id.get()), id(it.tag_id.get())]);
    insert!("INSERT INTO votes VALUES (?,?,?)", &data.votes, it => params![id(it.post_id.get()), id(it.user_id.get()), it.value]);
    transaction.commit().expect("a commit works");
    connection
}

pub fn read_post(row: &Row<'_>) -> rusqlite::Result<Post> {
    Ok(Post {
        id: row.get::<_, i64>(0)?.into(),
        thread_id: row.get::<_, i64>(1)?.into(),
        author_id: row.get::<_, i64>(2)?.into(),
        parent_id: row.get::<_, Option<i64>>(3)?.map(Into::into),
        body: row.get(4)?,
        score: row.get(5)?,
    })
}

pub const POST: &str = "SELECT id, thread_id, author_id, parent_id, body, score FROM posts";

/// The sum of the scores of posts found by key.
pub fn lookup(connection: &Connection, keys: &[i64]) -> i64 {
    let mut statement = connection.prepare_cached(&format!("{POST} WHERE id = ?")).expect("the statement is right");
    let mut sum = 0;
    for key in keys {
        let post = statement.query_row([key], read_post).expect("the post is there");
        sum += std::hint::black_box(post).score;
    }
    sum
}

fn read_threads(connection: &Connection) -> Vec<(Thread, Vec<Post>)> {
    let mut statement = connection.prepare_cached("SELECT id, forum_id, title FROM threads").expect("it is right");
    let read = |row: &Row<'_>| {
        let thread =
            Thread { id: row.get::<_, i64>(0)?.into(), forum_id: row.get::<_, i64>(1)?.into(), title: row.get(2)? };
        Ok((thread, Vec::new()))
    };
    statement.query_map([], read).expect("the query works").map(|it| it.expect("a row")).collect()
}

fn summed(threads: &[(Thread, Vec<Post>)]) -> (usize, i64) {
    let posts = threads.iter().flat_map(|(_, posts)| posts);
    posts.fold((0, 0), |(count, sum), post| (count + 1, sum + post.score))
}

/// The threads with their posts, by one query for each thread.
pub fn threads_lazily(connection: &Connection) -> (usize, i64) {
    let mut threads = read_threads(connection);
    let mut statement = connection.prepare_cached(&format!("{POST} WHERE thread_id = ?")).expect("it is right");
    for (thread, posts) in &mut threads {
        let found = statement.query_map([thread.id.get()], read_post).expect("the query works");
        posts.extend(found.map(|it| it.expect("a row")));
    }
    summed(&threads)
}

/// The threads with their posts, by one query for each batch of keys.
pub fn threads_by_keys(connection: &Connection) -> (usize, i64) {
    let mut threads = read_threads(connection);
    let places: std::collections::HashMap<i64, usize> =
        threads.iter().enumerate().map(|(at, (thread, _))| (thread.id.get().expect("a key"), at)).collect();
    let keys: Vec<i64> = places.keys().copied().collect();
    for batch in keys.chunks(500) {
        let marks = vec!["?"; batch.len()].join(",");
        let sql = format!("{POST} WHERE thread_id IN ({marks})");
        let mut statement = connection.prepare_cached(&sql).expect("the statement is right");
        let found = statement.query_map(rusqlite::params_from_iter(batch), read_post).expect("the query works");
        for post in found {
            let post = post.expect("a row");
            threads[places[&post.thread_id.get().expect("a key")]].1.push(post);
        }
    }
    summed(&threads)
}

/// The threads with their posts, by one join.
pub fn threads_joined(connection: &Connection) -> (usize, i64) {
    let sql = "SELECT p.id, p.thread_id, p.author_id, p.parent_id, p.body, p.score, t.id, t.forum_id, t.title
        FROM threads t LEFT JOIN posts p ON p.thread_id = t.id";
    let mut statement = connection.prepare_cached(sql).expect("the statement is right");
    let mut rows = statement.query([]).expect("the query works");
    let mut threads: Vec<(Thread, Vec<Post>)> = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        let id: i64 = row.get(6).expect("a key");
        if threads.last().is_none_or(|(thread, _)| thread.id.get() != Some(id)) {
            let forum_id = row.get::<_, i64>(7).expect("a key").into();
            threads.push((Thread { id: id.into(), forum_id, title: row.get(8).expect("a title") }, Vec::new()));
        }
        let post = read_post(row).expect("a post");
        threads.last_mut().expect("a thread was pushed").1.push(post);
    }
    summed(&threads)
}

/// The threads with their posts, by one query for all posts of all threads.
pub fn threads_by_subquery(connection: &Connection) -> (usize, i64) {
    let mut threads = read_threads(connection);
    let places: std::collections::HashMap<i64, usize> =
        threads.iter().enumerate().map(|(at, (thread, _))| (thread.id.get().expect("a key"), at)).collect();
    let sql = format!("{POST} WHERE thread_id IN (SELECT id FROM threads)");
    let mut statement = connection.prepare_cached(&sql).expect("the statement is right");
    for post in statement.query_map([], read_post).expect("the query works") {
        let post = post.expect("a row");
        threads[places[&post.thread_id.get().expect("a key")]].1.push(post);
    }
    summed(&threads)
}

/// What reads rows by one of their columns, a batch of keys after the other.
fn by_keys<T>(
    connection: &Connection,
    select: &str,
    keys: &[i64],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    mut each: impl FnMut(T),
) {
    for batch in keys.chunks(500) {
        let marks = vec!["?"; batch.len()].join(",");
        let mut statement = connection.prepare_cached(&format!("{select} IN ({marks})")).expect("it is right");
        let found = statement.query_map(rusqlite::params_from_iter(batch), &read).expect("the query works");
        found.for_each(|it| each(it.expect("a row")));
    }
}

/// The threads with their posts and the tags of these, by queries for batches of keys.
pub fn threads_with_tags(connection: &Connection) -> (usize, i64) {
    let threads = read_threads(connection);
    let keys: Vec<i64> = threads.iter().map(|it| it.0.id.get().expect("a key")).collect();
    let mut posts: Tagged = Vec::new();
    by_keys(connection, &format!("{POST} WHERE thread_id"), &keys, read_post, |it| posts.push((it, Vec::new())));
    let keys: Vec<i64> = posts.iter().map(|it| it.0.id.get().expect("a key")).collect();
    let places: std::collections::HashMap<i64, usize> = keys.iter().enumerate().map(|(at, &key)| (key, at)).collect();
    let select = "SELECT pt.post_id, t.id, t.name FROM post_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.post_id";
    let read = |row: &Row<'_>| Ok((row.get(0)?, Tag { id: row.get::<_, i64>(1)?.into(), name: row.get(2)? }));
    by_keys(connection, select, &keys, read, |(post, tag): (i64, Tag)| posts[places[&post]].1.push(tag));
    type Tagged = Vec<(Post, Vec<Tag>)>;
    let mut nested: Vec<(Thread, Tagged)> = threads.into_iter().map(|it| (it.0, Vec::new())).collect();
    let places: std::collections::HashMap<i64, usize> =
        nested.iter().enumerate().map(|(at, it)| (it.0.id.get().expect("a key"), at)).collect();
    for post in posts {
        nested[places[&post.0.thread_id.get().expect("a key")]].1.push(post);
    }
    let tags = nested.iter().flat_map(|(_, posts)| posts).flat_map(|(_, tags)| tags);
    tags.fold((0, 0), |(count, sum), tag| (count + 1, sum + tag.id.get().expect("a key")))
}

/// All posts with their authors, each author once, by queries for batches of keys.
pub fn posts_with_authors(connection: &Connection) -> i64 {
    let mut statement = connection.prepare_cached(POST).expect("the statement is right");
    let posts: Vec<Post> =
        statement.query_map([], read_post).expect("the query works").map(|it| it.expect("a row")).collect();
    let mut keys: Vec<i64> = posts.iter().map(|it| it.author_id.get().expect("a key")).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut authors: std::collections::HashMap<i64, User> = std::collections::HashMap::new();
    let read = |row: &Row<'_>| {
        Ok(User { id: row.get::<_, i64>(0)?.into(), email: row.get(1)?, name: row.get(2)?, karma: row.get(3)? })
    };
    by_keys(connection, "SELECT id, email, name, karma FROM users WHERE id", &keys, read, |it: User| {
        authors.insert(it.id.get().expect("a key"), it);
    });
    posts.iter().map(|post| authors[&post.author_id.get().expect("a key")].karma).sum()
}

/// Deletes forum 1 and everything that hangs on it; returns how many rows are gone.
pub fn delete_forum(connection: &Connection) -> usize {
    let count = |table: &str| -> usize {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).expect("a count")
    };
    let tables = ["forums", "threads", "posts", "post_tags", "votes"];
    let before: usize = tables.iter().map(|it| count(it)).sum();
    connection.execute("DELETE FROM forums WHERE id = 1", []).expect("the delete works");
    before - tables.iter().map(|it| count(it)).sum::<usize>()
}

/// A copy of the database.
pub fn copy(connection: &Connection) -> Connection {
    let mut copy = Connection::open_in_memory().expect("SQLite opens");
    let backup = rusqlite::backup::Backup::new(connection, &mut copy).expect("a backup begins");
    backup.run_to_completion(i32::MAX, std::time::Duration::ZERO, None).expect("a backup works");
    drop(backup);
    copy
}

/// A copy of the database in which one post gets another score, dropped again.
pub fn copy_and_change(connection: &Connection) -> i64 {
    let copy = copy(connection);
    copy.execute("UPDATE posts SET score = 1000000 WHERE id = 77", []).expect("the update works");
    1_000_000
}

/// Reads the first posts, changes every second one, and rolls back.
pub fn unit_of_work(connection: &mut Connection, posts: u64) -> usize {
    let transaction = connection.transaction().expect("a transaction begins");
    let mut changed = 0;
    {
        let sql = format!("{POST} ORDER BY id LIMIT ?");
        let mut statement = transaction.prepare_cached(&sql).expect("the statement is right");
        let found: Vec<Post> =
            statement.query_map([posts as i64], read_post).expect("it works").map(|it| it.expect("a row")).collect();
        let mut update = transaction.prepare_cached("UPDATE posts SET score = ? WHERE id = ?").expect("it is right");
        for post in found.iter().step_by(2) {
            update.execute(params![post.score + 1, post.id.get()]).expect("the update works");
            changed += 1;
        }
    }
    transaction.rollback().expect("a rollback works");
    changed
}
