//! What something holds in memory: how much more the process holds with it than before, in a process of its own.

/// Prints how many bytes are held for each of the rows that `fill` fills.
pub fn report<T>(rows: u64, fill: impl FnOnce() -> T) {
    let before = resident();
    let kept = fill();
    match (before, resident()) {
        (Some(before), Some(after)) => println!("{}", after.saturating_sub(before) / rows),
        _ => println!("unknown"),
    }
    drop(kept);
}

/// How much memory the process holds, where the system tells.
fn resident() -> Option<u64> {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split_whitespace().nth(1)?.parse::<u64>().ok()? * PAGE)
}

/// What the bench prints when it is run anew to report on one contender.
pub fn in_a_process_of_its_own(who: &str, rows: u64) -> String {
    let program = std::env::current_exe().expect("the bench knows where it is");
    let output = std::process::Command::new(program).args(["memory", who, &rows.to_string()]).output();
    String::from_utf8_lossy(&output.expect("the bench runs itself").stdout).trim().to_owned()
}

/// Who is to be reported on, and with how many rows, where this is such a process.
pub fn asked() -> Option<(String, u64)> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|it| it == "memory")?;
    Some((arguments[at + 1].clone(), arguments[at + 2].parse().expect("a number of rows")))
}
