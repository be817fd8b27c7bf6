//! SQLite through rusqlite: in memory, prepared and cached statements.

use rusqlite::{Connection, params};

use super::{Contender, sensor, value};

pub struct Lite(Connection);

impl Lite {
    pub fn fill(rows: u64) -> Self {
        let mut connection = Connection::open_in_memory().expect("SQLite opens");
        connection.set_prepared_statement_cache_capacity(64);
        connection
            .execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;
                CREATE TABLE readings (id INTEGER PRIMARY KEY, sensor INTEGER NOT NULL, value INTEGER NOT NULL);
                CREATE INDEX readings_sensor ON readings (sensor);",
            )
            .expect("the schema is right");
        let transaction = connection.transaction().expect("a transaction begins");
        {
            let mut insert =
                transaction.prepare("INSERT INTO readings VALUES (?, ?, ?)").expect("the statement is right");
            for key in 1..=rows {
                insert.execute(params![key as i64, sensor(key, rows), value(key)]).expect("the row is right");
            }
        }
        transaction.commit().expect("a commit works");
        Lite(connection)
    }

    fn sum(&self, sql: &str, parameters: &[i64]) -> i64 {
        let mut statement = self.0.prepare_cached(sql).expect("the statement is right");
        let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, i64>(0));
        rows.expect("the query works").map(|it| it.expect("an integer")).sum()
    }

    fn change(&self, sql: &str, parameters: &[i64]) -> i64 {
        let mut statement = self.0.prepare_cached(sql).expect("the statement is right");
        statement.execute(rusqlite::params_from_iter(parameters)).expect("the change works") as i64
    }
}

impl Contender for Lite {
    fn by_key(&mut self, key: i64) -> i64 {
        self.sum("SELECT value FROM readings WHERE id = ?", &[key])
    }

    fn of_sensor(&mut self, sensor: i64) -> i64 {
        self.sum("SELECT value FROM readings WHERE sensor = ?", &[sensor])
    }

    fn page_after(&mut self, key: i64) -> i64 {
        self.sum("SELECT id FROM readings WHERE id > ? ORDER BY id LIMIT 20", &[key])
    }

    fn page_at(&mut self, offset: u64) -> i64 {
        self.sum("SELECT id FROM readings ORDER BY id LIMIT 20 OFFSET ?", &[offset as i64])
    }

    fn count(&mut self, sensor: i64) -> i64 {
        self.sum("SELECT count(*) FROM readings WHERE sensor = ?", &[sensor])
    }

    fn greatest(&mut self) -> i64 {
        self.sum("SELECT sum(value) FROM readings GROUP BY sensor ORDER BY sum(value) DESC LIMIT 10", &[])
    }

    fn change_one(&mut self, key: i64) -> i64 {
        self.change("UPDATE readings SET value = value + 1 WHERE id = ?", &[key])
    }

    fn change_sensor(&mut self, key: i64, rows: i64) -> i64 {
        self.change("UPDATE readings SET sensor = sensor + 1 WHERE id >= ? AND id < ?", &[key, key + rows])
    }

    fn delete(&mut self, sensor: i64) -> i64 {
        self.change("DELETE FROM readings WHERE sensor = ?", &[sensor])
    }
}
