//! How each operation grows with the number of rows, beside SQLite in memory, and what a row costs in memory.
//!
//! `cargo bench --bench growth` measures 1,000 to 1,000,000 rows; `-- 10000000` goes on to that many. The answers of both
//! are compared before their times are printed. A line whose time grows by more than the logarithm of the rows has left
//! its expected order. Memory is what the process holds more after filling than before, in a process of its own.

mod readings;
mod resident;

use std::hint::black_box;
use std::time::Instant;

use readings::{Contender, lite::Lite, ours::Ours};

const SMALLEST: u64 = 1_000;

/// What is measured, and how many times a round repeats it.
const WORK: [(&str, u64); 9] = [
    ("row by key", 10_000),
    ("the rows of one sensor, by index", 1_000),
    ("a page of 20 after a key", 1_000),
    ("a page of 20 by OFFSET, half way", 10),
    ("count of one sensor's rows", 1_000),
    ("sum and count by sensor, the 10 greatest", 1),
    ("one row in a transaction of its own", 1_000),
    ("change of an indexed column, 100 rows", 10),
    ("delete of one sensor's rows", 10),
];

fn main() {
    if let Some((who, rows)) = resident::asked() {
        return memory(&who, rows);
    }
    let greatest = std::env::args().filter_map(|it| it.parse().ok()).next().unwrap_or(1_000_000);
    let sizes: Vec<u64> =
        std::iter::successors(Some(SMALLEST), |it| Some(it * 10)).take_while(|it| *it <= greatest).collect();
    let columns: Vec<Vec<(f64, f64)>> = sizes.iter().map(|&rows| measure(rows)).collect();
    heading("ns for each, Diptych / SQLite", &sizes);
    let names = ["filling, a row"].into_iter().chain(WORK.iter().map(|it| it.0));
    for (line, name) in names.enumerate() {
        print!("{name:<42}");
        for column in &columns {
            print!("{:>22}", format!("{} / {}", short(column[line].0), short(column[line].1)));
        }
        println!();
    }
    heading("bytes for each row", &sizes);
    print!("{:<42}", "resident memory");
    for &rows in &sizes {
        let [ours, lite] = ["ours", "lite"].map(|who| resident::in_a_process_of_its_own(who, rows));
        print!("{:>22}", format!("{ours} / {lite}"));
    }
    println!();
}

fn heading(what: &str, sizes: &[u64]) {
    print!("\n{what:<42}");
    for rows in sizes {
        print!("{:>22}", format!("{rows} rows"));
    }
    println!();
}

fn short(nanoseconds: f64) -> String {
    match nanoseconds {
        it if it < 10_000.0 => format!("{it:.0}"),
        it if it < 10_000_000.0 => format!("{:.0}k", it / 1e3),
        it => format!("{:.0}M", it / 1e6),
    }
}

/// Fills both with so many rows and measures every work on both.
fn measure(rows: u64) -> Vec<(f64, f64)> {
    let (mut ours, ours_filling) = timed(|| Ours::fill(rows));
    let (mut lite, lite_filling) = timed(|| Lite::fill(rows));
    let mut times = vec![(ours_filling / rows as f64, lite_filling / rows as f64)];
    for (work, (name, repeat)) in WORK.iter().enumerate() {
        // Once to compare and to warm up, then to measure: the second seed asks for other rows.
        assert_eq!(run(&mut ours, work, 1, rows, 1), run(&mut lite, work, 1, rows, 1), "{name}, {rows} rows");
        let (a, of_ours) = timed(|| run(&mut ours, work, 2, rows, *repeat));
        let (b, of_lite) = timed(|| run(&mut lite, work, 2, rows, *repeat));
        assert_eq!(a, b, "{name}, {rows} rows");
        times.push((of_ours / *repeat as f64, of_lite / *repeat as f64));
    }
    times
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, start.elapsed().as_nanos() as f64)
}

/// Repeats one work with keys drawn from a seed, and adds up what it answers.
fn run(contender: &mut impl Contender, work: usize, mut seed: u64, rows: u64, repeat: u64) -> i64 {
    let mut sum = 0_i64;
    for _ in 0..repeat {
        let key = (readings::next(&mut seed) % rows) as i64 + 1;
        let sensor = readings::sensor(key as u64, rows);
        let answer = match work {
            0 => contender.by_key(key),
            1 => contender.of_sensor(sensor),
            2 => contender.page_after(key),
            3 => contender.page_at(rows / 2),
            4 => contender.count(sensor),
            5 => contender.greatest(),
            6 => contender.change_one(key),
            7 => contender.change_sensor(key, 100),
            _ => contender.delete(sensor),
        };
        sum = sum.wrapping_add(answer);
    }
    sum
}

/// Prints how many bytes a row takes.
fn memory(who: &str, rows: u64) {
    match who {
        "ours" => resident::report(rows, || Ours::fill(rows)),
        _ => resident::report(rows, || Lite::fill(rows)),
    }
}
