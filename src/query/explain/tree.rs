//! The tree that a plan prints as.

use std::fmt::{self, Write as _};

use crate::query::profile::Actual;
use crate::value::json::string;

/// A plan, and what its parts did if it has run.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    root: PlanNode,
}

/// A part of a plan. What comes first happens first; a source that is read for each row of another one stands below it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// What happens.
    pub what: String,
    /// How many rows were expected: of a source, for each combination before it.
    pub estimate: Option<f64>,
    /// What happened.
    pub actual: Option<Actual>,
    /// Its parts.
    pub children: Vec<PlanNode>,
}

impl PlanNode {
    pub(super) fn new(what: impl Into<String>) -> Self {
        PlanNode { what: what.into(), estimate: None, actual: None, children: Vec::new() }
    }

    pub(super) fn with(mut self, child: PlanNode) -> Self {
        self.children.push(child);
        self
    }

    /// What is known about it, in one line.
    fn line(&self) -> String {
        let mut line = self.what.clone();
        if let Some(estimate) = self.estimate {
            let _ = write!(line, "  (about {})", rounded(estimate));
        }
        if let Some(Actual { runs, rows, time }) = self.actual {
            let _ = write!(line, "  (rows {rows} in {runs} runs, {time:?})");
        }
        line
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        writeln!(f, "{:indent$}{}", "", self.line(), indent = 2 * depth)?;
        self.children.iter().try_for_each(|it| it.write(f, depth + 1))
    }

    fn json(&self, out: &mut String) {
        out.push_str("{\"what\":");
        string(out, &self.what);
        if let Some(estimate) = self.estimate.filter(|it| it.is_finite()) {
            let _ = write!(out, ",\"estimate\":{estimate}");
        }
        if let Some(Actual { runs, rows, time }) = self.actual {
            let nanoseconds = time.as_nanos();
            let _ = write!(out, ",\"runs\":{runs},\"rows\":{rows},\"nanoseconds\":{nanoseconds}");
        }
        out.push_str(",\"children\":[");
        for (position, child) in self.children.iter().enumerate() {
            out.push_str(if position > 0 { "," } else { "" });
            child.json(out);
        }
        out.push_str("]}");
    }

    /// Draws the part; returns its number.
    fn mermaid(&self, out: &mut String, next: &mut usize) -> usize {
        let own = *next;
        *next += 1;
        let _ = writeln!(out, "  n{own}[\"{}\"]", self.line().replace('"', "#quot;"));
        for child in &self.children {
            let child = child.mermaid(out, next);
            let _ = writeln!(out, "  n{own} --> n{child}");
        }
        own
    }
}

impl Explained {
    pub(super) fn new(root: PlanNode) -> Self {
        Explained { root }
    }

    /// The whole plan.
    pub fn root(&self) -> &PlanNode {
        &self.root
    }

    /// As JSON: objects with `what`, `estimate`, `runs`, `rows`, `nanoseconds` and `children`, as far as they are known.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.root.json(&mut out);
        out
    }

    /// As a drawing in Mermaid's language.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        self.root.mermaid(&mut out, &mut 0);
        out
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.write(f, 0)
    }
}

/// Enough digits to see what is expected.
fn rounded(it: f64) -> String {
    if it >= 10.0 { format!("{it:.0}") } else { format!("{it:.1}") }
}
