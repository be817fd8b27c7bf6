//! The same work with structs and by name: the same statements, and the same to be seen.

use diptych::object::{Inheritance, Selection, Term};
use diptych::prelude::*;
use diptych::{AnyRef, Direction, Expression, Value};

use super::models;

/// What was said to the tables, and what was seen.
type Story = (Vec<String>, Vec<String>);

fn told(session: &Session) -> Vec<String> {
    let line = |it: &diptych::query::Entry| {
        format!("{} {:?} {:?} {} of {}", it.kind, it.statement, it.parameters, it.rows, it.rows_read)
    };
    session.take_log().iter().map(line).collect()
}

macro_rules! with_structs {
    ($name:ident) => {
        mod $name {
            use super::super::models::$name::*;
            use super::*;

            pub(super) fn story() -> Result<Story> {
                let (mut seen, database) = (Vec::new(), database());
                let mut session = database.session();
                session.record();
                let acme = session.add(Company { name: "Acme".into(), ..Company::draft() });
                let ada = session.push(acme, Company::employees, engineer("Ada", "Rust"))?;
                let bob = Employee { name: "Bob".into(), ..Employee::draft() };
                let bob = session.add(Manager { employee: bob, bonus: 5, ..Manager::draft() });
                session.set(bob, Employee::company, acme)?;
                let eve = session.add(Employee { name: "Eve".into(), ..Employee::draft() });
                session.push(acme, Company::employees, eve)?;
                session.set(bob, Manager::assistant, ada)?;
                session.push(ada, Engineer::tools, Tool { name: "drill".into(), ..Tool::draft() })?;
                session.commit()?;
                seen.push(session.get(bob)?.company_id.is_some().to_string());
                seen.push(session.get(ada)?.language.clone().unwrap_or_default());

                let mut log = told(&session);
                let mut session = database.session();
                session.record();
                let all = session.all(Employee::select().order_by(Employee::name))?.references();
                for &employee in &all {
                    seen.push(session.get(employee)?.name.clone());
                    let company = session.get(employee)?.load(Employee::company)?;
                    seen.push(company.map(|it| it.name.clone()).unwrap_or_default());
                    if let Some(engineer) = session.downcast::<Engineer>(employee)? {
                        seen.push(session.get(engineer)?.language.clone().unwrap_or_default());
                    }
                    if let Some(manager) = session.downcast::<Manager>(employee)? {
                        seen.push(session.get(manager)?.bonus.to_string());
                        let assistant = session.get(manager)?.load(Manager::assistant)?;
                        seen.push(assistant.map(|it| it.name.clone()).unwrap_or_default());
                    }
                }
                session.edit(all[0])?.name = "Ada Lovelace".into();
                session.flush()?;
                let ada = session.downcast::<Engineer>(all[0])?.expect("she is one");
                session.edit(ada)?.language = None;
                session.edit(ada)?.name = "Ada".into();
                session.flush()?;
                seen.push(session.all(Engineer::select().filter(Employee::name.eq("Ada")))?.len().to_string());
                let key = session.get(ada)?.id;
                seen.push(session.find::<Manager>(key)?.is_some().to_string());
                session.delete(all[0])?;
                session.commit()?;
                seen.push(session.count(Tool::select())?.to_string());
                let bob = session.downcast::<Manager>(all[1])?.expect("he is one");
                seen.push(session.get(bob)?.load(Manager::assistant)?.is_some().to_string());
                log.extend(told(&session));
                Ok((log, seen))
            }
        }
    };
}

with_structs!(single);
with_structs!(joined);
with_structs!(concrete);

fn text(value: Value) -> String {
    match value {
        Value::Text(it) => it.to_string(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn by_name(how: Inheritance) -> Result<Story> {
    let (mut seen, database) = (Vec::new(), Database::with_classes(models::at_run_time(how), [])?);
    let mut session = database.session();
    session.record();
    let mut names = session.untyped();
    let kind = |it: &'static str| ("kind", Value::from(it));
    let acme = names.add("Company", &[("name", "Acme".into())])?;
    let ada = names.add("Engineer", &[kind("engineer"), ("name", "Ada".into()), ("language", "Rust".into())])?;
    names.push(acme, "employees", ada)?;
    let bob = names.add("Manager", &[kind("manager"), ("name", "Bob".into()), ("bonus", 5.into())])?;
    names.set(bob, "company", Some(acme))?;
    let eve = names.add("Employee", &[kind("employee"), ("name", "Eve".into())])?;
    names.push(acme, "employees", eve)?;
    names.set(bob, "assistant", Some(ada))?;
    let drill = names.add("Tool", &[("name", "drill".into())])?;
    names.push(ada, "tools", drill)?;
    session.commit()?;
    let mut names = session.untyped();
    seen.push((!names.value(bob, "company_id")?.is_null()).to_string());
    seen.push(text(names.value(ada, "language")?));

    let mut log = told(&session);
    let mut session = database.session();
    session.record();
    let mut names = session.untyped();
    let by = vec![(Term::column("name"), Direction::Ascending)];
    let all = names.select("Employee", &Selection { order_by: by, ..Selection::new() })?;
    let first = |it: Vec<AnyRef>| it.first().copied();
    for &employee in &all {
        seen.push(text(names.value(employee, "name")?));
        let company = first(names.related(employee, "company")?);
        seen.push(company.map_or(Ok(String::new()), |it| names.value(it, "name").map(text))?);
        if names.class_of(employee)? == "Engineer" {
            seen.push(text(names.value(employee, "language")?));
        }
        if names.class_of(employee)? == "Manager" {
            seen.push(text(names.value(employee, "bonus")?));
            let assistant = first(names.related(employee, "assistant")?);
            seen.push(assistant.map_or(Ok(String::new()), |it| names.value(it, "name").map(text))?);
        }
    }
    names.assign(all[0], "name", "Ada Lovelace")?;
    session.flush()?;
    let mut names = session.untyped();
    names.assign(all[0], "language", Value::Null)?;
    names.assign(all[0], "name", "Ada")?;
    session.flush()?;
    let mut names = session.untyped();
    let called = Selection { filter: Some(Term::column("name").eq("Ada")), ..Selection::new() };
    seen.push(names.select("Engineer", &called)?.len().to_string());
    let key = names.value(all[0], "id")?;
    seen.push(names.find("Manager", &[key])?.is_some().to_string());
    names.delete(all[0])?;
    session.commit()?;
    let mut names = session.untyped();
    seen.push(names.count("Tool", &Selection::new())?.to_string());
    seen.push((!names.related(all[1], "assistant")?.is_empty()).to_string());
    log.extend(told(&session));
    Ok((log, seen))
}

#[track_caller]
fn compare(structs: Result<Story>, how: Inheritance) -> Vec<String> {
    let (log, seen) = structs.unwrap_or_else(|error| panic!("with structs: {error}"));
    let (expected, seen_by_name) = by_name(how).unwrap_or_else(|error| panic!("by name: {error}"));
    assert_eq!(seen, seen_by_name);
    for (at, (one, other)) in log.iter().zip(&expected).enumerate() {
        assert_eq!(one, other, "statement {at}");
    }
    assert_eq!(log.len(), expected.len());
    seen
}

/// 103 to 106: structs say to the tables what classes made at run time say, in all three mappings: when they are written,
/// loaded along a base or a subclass, changed by either, related and deleted.
#[test]
fn structs_and_names_say_the_same_to_the_tables() {
    let single = compare(single::story(), Inheritance::Single);
    let joined = compare(joined::story(), Inheritance::Joined);
    let concrete = compare(concrete::story(), Inheritance::Concrete);
    let expected =
        ["true", "Rust", "Ada", "Acme", "Rust", "Bob", "Acme", "5", "Ada", "Eve", "Acme", "1", "false", "0", "false"];
    assert_eq!(single, expected);
    assert_eq!(joined, expected);
    // Keys of concrete classes are their own, so a manager may have the key of an engineer.
    assert_eq!(concrete[..12], expected[..12]);
    assert_eq!(concrete[13..], expected[13..]);
}
