//! A table of small rows: readings of sensors, ten of each sensor.

pub mod lite;
pub mod ours;

/// What both contenders can do. Each answer is one number, so that they can be compared.
pub trait Contender {
    /// The value of a row.
    fn by_key(&mut self, key: i64) -> i64;
    /// The sum of the values of a sensor, its rows read one by one.
    fn of_sensor(&mut self, sensor: i64) -> i64;
    /// The sum of the keys of the 20 rows after a key.
    fn page_after(&mut self, key: i64) -> i64;
    /// The sum of the keys of 20 rows, after passing over so many.
    fn page_at(&mut self, offset: u64) -> i64;
    /// How many rows a sensor has.
    fn count(&mut self, sensor: i64) -> i64;
    /// The sum of the ten greatest sums of a sensor.
    fn greatest(&mut self) -> i64;
    /// Adds one to a value, and commits.
    fn change_one(&mut self, key: i64) -> i64;
    /// Gives so many rows from a key on another sensor, and commits.
    fn change_sensor(&mut self, key: i64, rows: i64) -> i64;
    /// Deletes a sensor's rows, and commits; how many.
    fn delete(&mut self, sensor: i64) -> i64;
}

/// The sensor of a row; the rows of one are spread over the table.
pub fn sensor(key: u64, rows: u64) -> i64 {
    (key % (rows / 10)) as i64
}

/// The value of a row.
pub fn value(key: u64) -> i64 {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as i64
}

/// The next number of a fixed sequence (splitmix64).
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
