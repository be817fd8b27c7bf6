//! What the example prints: headings, aligned tables, and progress for somebody who watches.

use std::fmt;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Begins a chapter.
pub fn heading(number: u8, title: &str) {
    println!("\n{number}. {title}\n");
}

/// Prints lines a little to the right, as what the program was told.
pub fn quote(text: &impl fmt::Display) {
    for line in text.to_string().trim_end().lines() {
        println!("{}", format!("   {line}").trim_end());
    }
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A table whose first column is text and whose others are figures.
pub struct Grid(Vec<Vec<String>>);

impl Grid {
    /// A table with these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Grid(vec![headings.map(str::to_owned).to_vec()])
    }

    /// Adds a line.
    pub fn line(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = |column: usize| self.0.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.0[0].len()).map(wide).collect();
        for line in &self.0 {
            write!(f, "{:<1$}", line[0], widths[0])?;
            for (cell, width) in line.iter().zip(&widths).skip(1) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// How far a long piece of work has come; shown only on a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// Work of so many steps.
    pub fn of(steps: u64, what: &'static str) -> Self {
        // On anything but a terminal this target draws nothing.
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("   {wide_bar} {human_pos} of {human_len} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Progress(bar)
    }

    /// So many steps are done.
    pub fn at(&self, steps: u64) {
        self.0.set_position(steps);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
