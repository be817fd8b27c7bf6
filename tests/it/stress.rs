//! Writers and readers beside each other for a while: every version that is read is sound, and the feed, replayed in
//! one thread, gives what the threads have left behind.
//!
//! One second by default; `DIPTYCH_STRESS_SECONDS=60` for a long run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diptych::id::{ColumnId, TableId};
use diptych::txn::{Event, Retention, Snapshot, Subscription, WhenFull};
use diptych::{
    Action, Column, Connection, Control, Database, Delete, Error, Expression, ForeignKey, Insert, NativeConnection,
    Schema, Table, Update, Value, ValueRef, col,
};

const WRITERS: u64 = 4;
const READERS: u64 = 4;
const ACCOUNTS: i64 = 50;

/// Accounts whose sum stays, and entries that go with them, in two levels.
fn database() -> Database {
    let accounts = Table::new("accounts").auto_key("id").column(Column::int("balance")).column(Column::text("name"));
    let key = |column: &'static str, target: &'static str| ForeignKey::new([column], target).on_delete(Action::Cascade);
    let entries = Table::new("entries").auto_key("id").column(Column::int("account")).column(Column::int("serial"));
    let entries = entries.unique(["serial"]).foreign_key(key("account", "accounts"));
    let notes =
        Table::new("notes").column(Column::int("entry")).column(Column::text("text")).primary_key(["entry", "text"]);
    let notes = notes.foreign_key(key("entry", "entries"));
    let tables = [accounts.unique(["name"]), entries, notes];
    let database = Database::new(tables.into_iter().fold(Schema::builder(), |all, it| all.table(it)).build().unwrap());
    let rows = (0..ACCOUNTS).map(|it| [Value::Int(100), format!("account {it}").into()]);
    let mut connection = database.connect();
    connection.execute(rows.fold(Insert::into("accounts", ["balance", "name"]), Insert::row)).unwrap();
    connection.control(Control::Commit).unwrap();
    database
}

fn balances(snapshot: &Snapshot) -> i64 {
    let rows = snapshot.image().table(TableId::new(0)).rows();
    rows.map(|(_, row)| if let ValueRef::Int(it) = row.get(ColumnId::new(1)) { it } else { 0 }).sum()
}

/// The next of a row of numbers that are random enough.
fn random(seed: &mut u64, below: u64) -> i64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*seed >> 33) % below) as i64
}

/// One transaction of a few statements; some of it may be taken back.
fn transact(connection: &mut NativeConnection, seed: &mut u64) -> Result<(), Error> {
    let account = |seed: &mut u64| 1 + random(seed, ACCOUNTS as u64);
    match random(seed, 6) {
        0 | 1 => {
            let amount = random(seed, 10);
            for (id, by) in [(account(seed), amount), (account(seed), -amount)] {
                let balance = Update::table("accounts").set("balance", col("balance").plus(by));
                connection.execute(balance.filter(col("id").eq(id)))?;
            }
        }
        2 => {
            // A unique serial that another writer may take first.
            let row = [account(seed), random(seed, 5_000)].map(Value::Int);
            connection.execute(Insert::into("entries", ["account", "serial"]).row(row))?;
        }
        3 => {
            let note = [Value::Int(1 + random(seed, 400)), "note".into()];
            connection.execute(Insert::into("notes", ["entry", "text"]).row(note))?;
        }
        4 => {
            connection.execute(Delete::from("entries").filter(col("serial").eq(random(seed, 5_000))))?;
            connection.control(Control::Savepoint)?;
            connection.execute(Delete::from("accounts").filter(col("id").eq(account(seed))))?;
            connection.control(Control::RollbackTo)?;
        }
        _ => {
            let account = account(seed);
            connection.execute(Delete::from("entries").filter(col("account").eq(account)))?;
        }
    }
    connection.control(Control::Commit)
}

#[test]
fn writers_and_readers_leave_what_a_serial_replay_gives() {
    let seconds = std::env::var("DIPTYCH_STRESS_SECONDS").ok().and_then(|it| it.parse().ok()).unwrap_or(1);
    let database = database();
    let rebuilt = database.fork();
    let (start, feed) = database.subscribe(Subscription::bounded(256).when_full(WhenFull::Block));
    let (over, counts) = (AtomicBool::new(false), [const { AtomicU64::new(0) }; 3]);
    let end = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (database, counts) = (&database, &counts);
                scope.spawn(move || write(database, writer, end, counts))
            })
            .collect();
        for reader in 0..READERS {
            let (database, over, counts) = (&database, &over, &counts);
            scope.spawn(move || {
                let mut last = database.snapshot();
                while !over.load(Ordering::Relaxed) {
                    let now = database.snapshot();
                    assert!(now.version() >= last.version());
                    assert_eq!(balances(&now), 100 * ACCOUNTS, "D1");
                    if reader == 0 {
                        now.image().audit(now.schema()).unwrap();
                        last.diff(&now).unwrap();
                    }
                    last = now;
                    counts[2].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let mut version = start.version();
            while !(over.load(Ordering::Relaxed) && database.snapshot().version() == version) {
                let Some(event) = feed.try_next() else {
                    std::thread::yield_now();
                    continue;
                };
                let Event::Commit(set) = event else { panic!("a commit waits for room") };
                assert_eq!(set.version.number(), version.number() + 1);
                version = set.version;
                rebuilt.replay(&set).unwrap();
            }
        });
        // Histories come and go meanwhile.
        for retention in [Retention::Last(8), Retention::Current, Retention::Rows(100), Retention::Current] {
            std::thread::sleep(Duration::from_secs(seconds) / 5);
            database.retain(retention);
        }
        writers.into_iter().for_each(|it| it.join().unwrap());
        over.store(true, Ordering::Relaxed);
    });
    let [committed, lost, read] = counts.map(AtomicU64::into_inner);
    println!("{seconds} s: {committed} commits, {lost} lost races, {read} reads of whole versions");
    assert!(committed > 0 && read > 0);
    same(&database, &rebuilt);
}

fn write(database: &Database, writer: u64, end: Instant, counts: &[AtomicU64; 3]) {
    let mut connection = database.by(format!("writer {writer}")).connect();
    let mut seed = writer;
    while Instant::now() < end {
        match transact(&mut connection, &mut seed) {
            Ok(()) => counts[0].fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                assert!(error.is_retryable() || error.violation().is_some(), "{error:#}");
                connection.control(Control::Rollback).unwrap();
                counts[1].fetch_add(u64::from(error.is_retryable()), Ordering::Relaxed)
            }
        };
    }
}

/// Both are sound and hold the same rows.
fn same(database: &Database, rebuilt: &Database) {
    database.audit().unwrap();
    rebuilt.audit().unwrap();
    let (now, again) = (database.snapshot(), rebuilt.snapshot());
    for table in database.schema().tables() {
        let all = |snapshot: &Snapshot| {
            let rows = snapshot.image().table(table.id).rows();
            let mut rows: Vec<Vec<Value>> = rows.map(|(_, row)| diptych::record::values(&**row)).collect();
            rows.sort();
            rows
        };
        assert_eq!(all(&now), all(&again), "{}", table.name);
    }
}
