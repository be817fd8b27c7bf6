//! What came of all cases: counts by topic, and the failures.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::case::{Case, Group};
use crate::compare::{Difference, Verdict};
use crate::judge;

/// What came of many cases.
pub struct Report<'c> {
    judged: Vec<Judged<'c>>,
}

/// What came of one.
struct Judged<'c> {
    case: &'c Case,
    verdict: Verdict,
    /// Why the recorded answer is not wanted, if so.
    deviation: Option<String>,
}

/// How many passed and failed.
#[derive(Clone, Copy, Default)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
}

impl Count {
    fn add(&mut self, passed: bool) {
        *(if passed { &mut self.passed } else { &mut self.failed }) += 1;
    }
}

/// Both comparisons.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub semantic: Count,
    pub statements: Count,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.semantic.add(verdict.semantic.is_empty());
        if let Some(differences) = &verdict.statements {
            self.statements.add(differences.is_empty());
        }
    }

    fn show(&self) -> String {
        let (a, b) = (self.semantic, self.statements);
        let statements = format!("statements {} passed, {} failed", b.passed, b.failed);
        format!("{:5} passed, {:4} failed   {statements}", a.passed, a.failed)
    }
}

impl<'c> Report<'c> {
    pub fn of(cases: &'c [Case]) -> Self {
        let deviations = deviations();
        let judged = cases.iter().map(|case| {
            let deviation = deviations.get(case.name()).cloned();
            Judged { case, verdict: judge(case), deviation }
        });
        Report { judged: judged.collect() }
    }

    /// The cases of a group that count.
    fn counted(&self, group: Group) -> impl Iterator<Item = &Judged<'c>> {
        self.judged.iter().filter(move |it| it.deviation.is_none() && it.case.group() == group)
    }

    /// The counts of a group.
    pub fn counts(&self, group: Group) -> Counts {
        let mut counts = Counts::default();
        self.counted(group).for_each(|it| counts.add(&it.verdict));
        counts
    }

    fn by_topic(&self) -> BTreeMap<&str, Counts> {
        let mut topics: BTreeMap<&str, Counts> = BTreeMap::new();
        for it in self.counted(Group::Plain) {
            topics.entry(it.case.topic()).or_default().add(&it.verdict);
        }
        topics
    }

    /// Whether a case failed that counts.
    pub fn failed(&self) -> bool {
        let counts = self.counts(Group::Plain);
        counts.semantic.failed + counts.statements.failed > 0
    }

    /// The names of plain cases whose answers differ, or whose statements do.
    #[cfg(test)]
    pub fn failures(&self) -> Vec<String> {
        let wrong = self.counted(Group::Plain).filter(|it| !it.verdict.semantic.is_empty());
        wrong.map(|it| it.case.name().to_owned()).collect()
    }

    /// What cases asked for and nobody has written yet, and in how many cases.
    fn unsupported(&self) -> Vec<(usize, String)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for it in &self.judged {
            let mut whats: Vec<&str> = it.verdict.unsupported.iter().map(String::as_str).collect();
            whats.sort_unstable();
            whats.dedup();
            whats.into_iter().for_each(|what| *counts.entry(what).or_default() += 1);
        }
        let mut all: Vec<(usize, String)> = counts.into_iter().map(|(what, n)| (n, what.to_owned())).collect();
        all.sort_by(|a, b| b.cmp(a));
        all
    }

    pub fn print(&self, limit: usize, statements: bool) {
        let mut shown = 0;
        for it in self.counted(Group::Plain) {
            let differences = it.verdict.semantic.iter();
            let more = it.verdict.statements.iter().flatten().filter(|_| statements);
            let all: Vec<&Difference> = differences.chain(more).collect();
            if all.is_empty() || shown >= limit {
                continue;
            }
            shown += 1;
            println!("{}: {}", it.case.name(), crate::case::text(&it.case.json, "doc"));
            all.iter().take(4).for_each(|difference| print_difference(it.case, difference));
            if all.len() > 4 {
                println!("    and {} more differences", all.len() - 4);
            }
        }
        println!();
        for (topic, counts) in self.by_topic() {
            println!("{topic:32} {}", counts.show());
        }
        for (count, what) in self.unsupported() {
            println!("unsupported in {count:5} cases: {what}");
        }
        for (name, group) in [("questionable", Group::Questionable), ("load sensitive", Group::LoadSensitive)] {
            println!("{name:32} {}", self.counts(group).show());
        }
        let deviations = self.judged.iter().filter(|it| it.deviation.is_some()).count();
        println!("{:32} {deviations:5} count as neither", "deliberate deviations");
        println!("{:32} {}", "total", self.counts(Group::Plain).show());
    }

    /// Which answer Diptych gives in the cases that are reported apart.
    pub fn print_apart(&self) {
        for group in [Group::Questionable, Group::LoadSensitive] {
            for it in self.judged.iter().filter(|it| it.case.group() == group) {
                let doc = crate::case::text(&it.case.json, "doc");
                match it.verdict.semantic.first() {
                    None => println!("{}: as recorded ({doc})", it.case.name()),
                    Some(first) => {
                        println!("{}: otherwise ({doc})", it.case.name());
                        if let Some(why) = it.case.json.get("questionable").and_then(Json::as_str) {
                            println!("    questionable: {why}");
                        }
                        print_difference(it.case, first);
                    }
                }
            }
        }
    }

    pub fn json(&self) -> Json {
        let count = |it: Count| json!({"passed": it.passed, "failed": it.failed});
        let counts = |it: Counts| json!({"semantic": count(it.semantic), "statements": count(it.statements)});
        let topics: serde_json::Map<String, Json> =
            self.by_topic().into_iter().map(|(topic, it)| (topic.to_owned(), counts(it))).collect();
        let cases: Vec<Json> = self.judged.iter().map(Judged::json).collect();
        json!({
            "total": counts(self.counts(Group::Plain)),
            "questionable": counts(self.counts(Group::Questionable)),
            "load_sensitive": counts(self.counts(Group::LoadSensitive)),
            "topics": topics,
            "cases": cases,
        })
    }
}

impl Judged<'_> {
    fn json(&self) -> Json {
        let show = |it: &Difference| json!({"step": it.step, "what": it.what, "expected": it.expected, "got": it.got});
        let statements = self.verdict.statements.as_ref().map(|it| it.iter().map(show).collect::<Vec<_>>());
        let group = match self.case.group() {
            Group::Plain => "plain",
            Group::Questionable => "questionable",
            Group::LoadSensitive => "load_sensitive",
        };
        json!({
            "name": self.case.name(), "topic": self.case.topic(), "group": group,
            "deviation": self.deviation,
            "semantic": self.verdict.semantic.iter().map(show).collect::<Vec<_>>(),
            "statements": statements,
            "unsupported": self.verdict.unsupported,
        })
    }
}

pub fn print_difference(case: &Case, it: &Difference) {
    let place = match it.step {
        Some(at) => format!("step {at} {}: ", case.steps()[at]),
        None => String::new(),
    };
    println!("    {place}{}", it.what);
    println!("        expected  {}", it.expected);
    println!("        got       {}", it.got);
}

/// The cases that Diptych deliberately answers otherwise, and why.
fn deviations() -> BTreeMap<String, String> {
    let text = include_str!("../../tests/conformance/deviations.toml");
    let parsed: toml::Table = text.parse().unwrap_or_default();
    let listed = parsed.get("deviations").and_then(|it| it.as_table()).cloned().unwrap_or_default();
    listed.into_iter().filter_map(|(name, why)| Some((name, why.as_str()?.to_owned()))).collect()
}
