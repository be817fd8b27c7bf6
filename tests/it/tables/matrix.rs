//! Five actions on delete times five on update, in plain references, rows that refer to themselves, rings, diamonds and
//! chains, with keys of one column and of two. The scripts are in `tests/scripts/integrity`: schema, statement, plan and
//! final rows or refusal.
//!
//! The outcomes were asked of PostgreSQL, one case after the other. The plans stand beside them for the reader: each is
//! held against the difference between the rows before and after, so that it cannot say anything else. To take new
//! texts of plans over, run the test with `DIPTYCH_SCRIPTS=accept`; outcomes are never written.

mod script;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use diptych::error::Rule;
use diptych::integrity::{Outline, OutlinedStep};
use diptych::schema::Index;
use diptych::{Action, Column, Connection, Delete, Expression, ForeignKey, Insert, NativeConnection, Table, Update};
use diptych::{Value, col};
use script::{Case, Declared, Script};

use super::{connect, done, rows, sound};

/// I1, I2, I3 and I5 over the whole matrix.
#[test]
fn i1_i3_i5_the_matrix_of_actions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts/integrity");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let script = Script::read(&text);
        let mut plans = BTreeMap::new();
        for case in &script.cases {
            for &actions in &case.actions {
                let place = format!("{}:{} {actions:?}", path.display(), case.line);
                let plan = play(&script, case, actions, &place);
                let first = plans.entry(case.line).or_insert_with(|| plan.clone());
                assert_eq!(*first, plan, "{place}: one plan for all pairs of actions");
                count += 1;
            }
        }
        if std::env::var("DIPTYCH_SCRIPTS").is_ok_and(|it| it == "accept") {
            fs::write(&path, with_plans(&text, &plans)).unwrap();
            continue;
        }
        for case in &script.cases {
            assert_eq!(plans[&case.line], case.plan, "{}:{}", path.display(), case.line);
        }
    }
    assert_eq!(count, 5 * 5 * 2 * 5 * 2, "25 pairs of actions, both statements, five shapes, one and two columns");
}

/// Runs one case and returns its plan as it prints.
fn play(script: &Script, case: &Case, actions: (Action, Action), place: &str) -> String {
    let mut connection = connect(script.tables.iter().map(|it| declared(it, actions)));
    fill(&mut connection, script);
    let words: Vec<&str> = case.statement.split(' ').collect();
    let target = script.tables.iter().find(|it| it.name == words[1]).expect("a table of the script");
    let key: Vec<Value> = target.key.iter().map(|_| Value::Int(words[2].parse().unwrap())).collect();
    let new = words.get(4).map(|it| Value::Int(it.parse().unwrap()));
    let set: Vec<(&str, Value)> = target.key.iter().zip(new.iter().cycle()).map(|(a, b)| (&**a, b.clone())).collect();
    let preview = match words[0] {
        "delete" => connection.preview_delete(words[1], &key),
        _ => connection.preview_update(words[1], &key, &set),
    };
    let outline = preview.unwrap().outline(connection.schema());
    let before = everything(&mut connection, script);
    let condition = target.key.iter().zip(&key).map(|(name, it)| col(name.clone()).eq(it.clone()));
    let condition = condition.reduce(|a, b| a.and(b)).expect("a key");
    let outcome = match words[0] {
        "delete" => connection.execute(Delete::from(words[1].to_owned()).filter(condition)),
        _ => {
            let update = Update::table(words[1].to_owned());
            let update = set.iter().fold(update, |all, (name, it)| all.set((*name).to_owned(), it.clone()));
            connection.execute(update.filter(condition))
        }
    };
    sound(&connection);
    let after = everything(&mut connection, script);
    match (&case.refused, outcome) {
        (Some((sort, constraint)), Err(error)) => {
            let violation = error.violation().unwrap_or_else(|| panic!("{place}: {error:#}"));
            assert_eq!((sort_of(violation.rule), &violation.constraint), (&**sort, constraint), "{place}: {error:#}");
            assert_eq!(before, after, "I5 {place}");
            assert!(!outline.refusals.is_empty(), "{place}: the preview says so, too");
        }
        (None, Ok(_)) => {
            assert_eq!(after, case.rows, "I3 {place}\n{outline}");
            assert!(outline.refusals.is_empty(), "{place}\n{outline}");
            let changes = differences(script, &before, &after);
            assert_eq!(planned(&outline), changes, "I1 {place}\n{outline}");
        }
        (refused, outcome) => panic!("{place}: expected {refused:?}, got {outcome:?}\n{outline}"),
    }
    outline.to_string()
}

fn sort_of(rule: Rule) -> &'static str {
    match rule {
        Rule::ForeignKey | Rule::StillReferenced | Rule::Restrict => "foreign key",
        other => other.name(),
    }
}

fn declared(table: &Declared, (on_delete, on_update): (Action, Action)) -> Table {
    let mut built = Table::new(table.name.clone());
    for it in &table.columns {
        let column = Column::int(it.name.clone());
        let column = if it.nullable { column.nullable() } else { column };
        built = built.column(if let Some(default) = it.default { column.default(default) } else { column });
    }
    built = built.primary_key(table.key.clone());
    if let Some(columns) = &table.unique {
        built = built.add_index(Index::on(columns.clone()).unique());
    }
    for (columns, target, to) in &table.refers {
        let key = ForeignKey::new(columns.clone(), target.clone()).to(to.clone());
        built = built.foreign_key(key.on_delete(on_delete).on_update(on_update));
    }
    built
}

/// The rows come first without what they refer to, so that a ring can be closed.
fn fill(connection: &mut NativeConnection, script: &Script) {
    for table in &script.tables {
        let names = || table.columns.iter().map(|it| it.name.clone());
        for row in &table.rows {
            let cells = row.iter().zip(&table.columns).map(|(it, column)| Value::from(it.filter(|_| !column.nullable)));
            done(connection, Insert::into(table.name.clone(), names()).row(cells));
        }
    }
    for table in &script.tables {
        for row in &table.rows {
            let cells = || row.iter().zip(&table.columns).map(|(it, column)| (column, Value::from(*it)));
            let set = cells().filter(|(column, _)| column.nullable);
            let update =
                set.fold(Update::table(table.name.clone()), |all, (column, it)| all.set(column.name.clone(), it));
            if !update.set.is_empty() {
                let key = cells().filter(|(column, _)| table.key.contains(&column.name));
                let key = key.map(|(column, it)| col(column.name.clone()).eq(it)).reduce(|a, b| a.and(b));
                done(connection, update.filter(key.expect("a key")));
            }
        }
    }
}

type Rows = Vec<(String, Vec<Vec<Option<i64>>>)>;

fn everything(connection: &mut NativeConnection, script: &Script) -> Rows {
    let number = |it: Value| if let Value::Int(it) = it { Some(it) } else { None };
    let mut rows_of = |name: &String| {
        let rows = rows(connection, name.clone().leak()).into_iter();
        rows.map(|row| row.into_iter().map(number).collect()).collect()
    };
    script.tables.iter().map(|it| (it.name.clone(), rows_of(&it.name))).collect()
}

/// The rows that go or change, by table and key: what a plan has to name, each once.
fn differences(script: &Script, before: &Rows, after: &Rows) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for ((table, before), (_, after)) in script.tables.iter().zip(before).zip(after).map(|((a, b), c)| ((a, &b.1), c)) {
        for row in before.iter().filter(|it| !after.contains(it)) {
            let key = table.key.iter().map(|name| table.columns.iter().position(|it| it.name == *name).unwrap());
            let key: Vec<String> = key.map(|at| row[at].map_or("NULL".to_owned(), |it| it.to_string())).collect();
            *found.entry(format!("{}[{}]", table.name, key.join(", "))).or_default() += 1;
        }
    }
    found
}

fn planned(outline: &Outline) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let name = |step: &OutlinedStep| step.row.to_string();
    outline.steps.iter().for_each(|it| *found.entry(name(it)).or_default() += 1);
    found
}

/// The script with other texts of plans.
fn with_plans(text: &str, plans: &BTreeMap<usize, String>) -> String {
    let mut written = String::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("    | ") {
            continue;
        }
        written += line;
        written += "\n";
        for line in plans.get(&(number + 1)).iter().flat_map(|it| it.lines()) {
            written += &format!("    | {line}\n");
        }
    }
    written
}
