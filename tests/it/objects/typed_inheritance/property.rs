//! Any history of a hierarchy, with structs and by name: the same statements, the same to be seen, the same refusals.

use diptych::object::{Inheritance, Selection, Term};
use diptych::prelude::*;
use diptych::query::Entry;
use diptych::{AnyRef, Direction, Expression, State, Value};
use proptest::prelude::*;

use super::models;

/// What to do, and to whom.
type Step = (u8, usize, usize);

/// How many kinds of steps there are.
const KINDS: u8 = 17;

const CLASSES: [&str; 3] = ["Employee", "Engineer", "Manager"];

/// A session in which the steps are done in one of the two ways. Employees are known by the order in which they came.
trait World {
    fn session(&mut self) -> &mut Session;
    fn employees(&self) -> Vec<AnyRef>;
    /// Adds an employee of a class.
    fn add(&mut self, class: u8, number: usize) -> Result<()>;
    /// What the class of an employee adds.
    fn own(&mut self, at: usize) -> Result<String>;
    fn change(&mut self, what: u8, at: usize, other: usize, number: usize) -> Result<()>;
    fn ask(&mut self, what: usize) -> Result<String>;
}

/// Does a step. Before an object is looked at, the session is flushed: a look by name flushes by itself, and a look at a
/// struct does not. Nothing is done to an object whose row is gone: its struct is refused, and its name is not.
fn do_step(world: &mut dyn World, (what, a, b): Step, number: usize) -> Result<String> {
    let employees = world.employees();
    match what {
        0..=2 => return world.add(what, number).map(|()| String::new()),
        13 => return world.session().commit().map(|()| String::new()),
        14 if b % 2 == 0 => return world.session().rollback().map(|()| String::new()),
        14 => return world.session().flush().map(|_| String::new()),
        3..=9 | 16 => world.session().flush().map(drop)?,
        _ => {}
    }
    if what == 16 {
        return world.ask(b);
    }
    let count = employees.len().max(1);
    let (at, other) = (a % count, b % count);
    let Some(&employee) = employees.get(at) else { return Ok(String::new()) };
    if matches!(world.session().state(employee)?, State::Deleted | State::Detached) {
        return Ok("gone".to_owned());
    }
    match what {
        4..=8 => world.own(at),
        _ => world.change(what, at, other, number).map(|()| String::new()),
    }
}

fn story(world: &mut dyn World, steps: &[Step]) -> Vec<String> {
    let mut told = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let seen = do_step(world, *step, number).unwrap_or_else(|error| error.to_string());
        told.push(format!("{number} {step:?}: {seen}"));
        let line = |it: &Entry| format!("{} {:?} {:?} {}", it.kind, it.statement, it.parameters, it.rows);
        told.extend(world.session().take_log().iter().map(line));
    }
    told
}

macro_rules! with_structs {
    ($name:ident) => {
        mod $name {
            use super::super::models::$name::*;
            use super::*;

            pub(super) struct Structs {
                session: Session,
                companies: [Ref<Company>; 2],
                all: Vec<Ref<Employee>>,
            }

            impl Structs {
                pub(super) fn new() -> Result<Self> {
                    let mut session = database().session();
                    let companies = ["A", "B"].map(|it| session.add(Company { name: it.into(), ..Company::draft() }));
                    session.commit()?;
                    session.record();
                    Ok(Structs { session, companies, all: Vec::new() })
                }
            }

            impl World for Structs {
                fn session(&mut self) -> &mut Session {
                    &mut self.session
                }

                fn employees(&self) -> Vec<AnyRef> {
                    self.all.iter().map(|it| it.untyped()).collect()
                }

                fn add(&mut self, class: u8, number: usize) -> Result<()> {
                    let employee = Employee { name: format!("n{number}"), ..Employee::draft() };
                    self.all.push(match class {
                        0 => self.session.add(employee),
                        1 => self.session.add(Engineer { employee, language: None }).upcast(),
                        _ => self.session.add(Manager { employee, ..Manager::draft() }).upcast(),
                    });
                    Ok(())
                }

                fn own(&mut self, at: usize) -> Result<String> {
                    let (session, employee) = (&self.session, self.all[at]);
                    if let Some(engineer) = session.downcast::<Engineer>(employee)? {
                        return Ok(session.get(engineer)?.language.clone().unwrap_or_default());
                    }
                    if let Some(manager) = session.downcast::<Manager>(employee)? {
                        return Ok(session.get(manager)?.bonus.to_string());
                    }
                    Ok(session.get(employee)?.name.clone())
                }

                fn change(&mut self, what: u8, at: usize, other: usize, number: usize) -> Result<()> {
                    let company = self.companies[other % 2];
                    let (session, employee) = (&mut self.session, self.all[at]);
                    let engineer = session.downcast::<Engineer>(employee)?;
                    let manager = session.downcast::<Manager>(employee)?;
                    match what {
                        3 => {
                            session.get(employee)?;
                            session.assign(employee, Employee::name, format!("m{number}"))
                        }
                        9 => {
                            self.own(at)?;
                            match (engineer, manager) {
                                (Some(it), _) => {
                                    self.session.assign(it, Engineer::language, Some(format!("l{number}")))
                                }
                                (_, Some(it)) => self.session.assign(it, Manager::bonus, number as i64),
                                _ => Ok(()),
                            }
                        }
                        10 => session.push(company, Company::employees, employee).map(drop),
                        11 => session.set(employee, Employee::company, None),
                        12 => session.delete(employee),
                        _ => {
                            let assistant = session.downcast::<Engineer>(self.all[other])?;
                            let drill = Tool { name: "drill".into(), ..Tool::draft() };
                            match (engineer, manager) {
                                (Some(it), _) => session.push(it, Engineer::tools, drill).map(drop),
                                (_, Some(it)) if assistant.is_some() => session.set(it, Manager::assistant, assistant),
                                _ => Ok(()),
                            }
                        }
                    }
                }

                fn ask(&mut self, what: usize) -> Result<String> {
                    let session = &self.session;
                    match what % 3 {
                        0 => {
                            let found = session.all(Employee::select().order_by(Employee::name))?;
                            let names: Vec<&str> = found.iter().map(|it| it.entity().name.as_str()).collect();
                            Ok(names.join(" "))
                        }
                        1 => {
                            let found = session.all(Engineer::select().filter(Employee::name.like("m%")))?;
                            Ok(found.len().to_string())
                        }
                        _ => Ok(session.get(self.companies[what % 2])?.load(Company::employees)?.len().to_string()),
                    }
                }
            }
        }
    };
}

with_structs!(single);
with_structs!(joined);
with_structs!(concrete);

struct Names {
    session: Session,
    companies: [AnyRef; 2],
    all: Vec<(usize, AnyRef)>,
}

impl Names {
    fn new(how: Inheritance) -> Result<Self> {
        let mut session = Database::with_classes(models::at_run_time(how), [])?.session();
        let mut names = session.untyped();
        let companies =
            [names.add("Company", &[("name", "A".into())])?, names.add("Company", &[("name", "B".into())])?];
        session.commit()?;
        session.record();
        Ok(Names { session, companies, all: Vec::new() })
    }
}

impl World for Names {
    fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    fn employees(&self) -> Vec<AnyRef> {
        self.all.iter().map(|it| it.1).collect()
    }

    fn add(&mut self, class: u8, number: usize) -> Result<()> {
        let class = usize::from(class);
        let mut values = vec![("name", Value::from(format!("n{number}"))), ("company_id", Value::Null)];
        values.push(("kind", CLASSES[class].to_lowercase().into()));
        match class {
            1 => values.push(("language", Value::Null)),
            2 => values.extend([("bonus", 0.into()), ("assistant_id", Value::Null)]),
            _ => {}
        }
        let added = self.session.untyped().add(CLASSES[class], &values)?;
        self.all.push((class, added));
        Ok(())
    }

    fn own(&mut self, at: usize) -> Result<String> {
        let (class, employee) = self.all[at];
        let value = self.session.untyped().value(employee, ["name", "language", "bonus"][class])?;
        Ok(match value {
            Value::Text(it) => it.to_string(),
            Value::Null => String::new(),
            other => other.to_string(),
        })
    }

    fn change(&mut self, what: u8, at: usize, other: usize, number: usize) -> Result<()> {
        let company = self.companies[other % 2];
        let ((class, employee), (other_class, other)) = (self.all[at], self.all[other]);
        if what == 9 {
            self.own(at)?;
        }
        let mut names = self.session.untyped();
        match (what, class) {
            (3, _) => {
                names.value(employee, "name")?;
                names.assign(employee, "name", format!("m{number}"))
            }
            (9, 1) => names.assign(employee, "language", format!("l{number}")),
            (9, 2) => names.assign(employee, "bonus", number as i64),
            (10, _) => names.push(company, "employees", employee),
            (11, _) => names.set(employee, "company", None),
            (12, _) => names.delete(employee),
            (15, 1) => {
                let drill = [("id", Value::Null), ("name", "drill".into()), ("owner_id", Value::Null)];
                let drill = names.construct("Tool", &drill)?;
                names.push(employee, "tools", drill)
            }
            (15, 2) if other_class == 1 => names.set(employee, "assistant", Some(other)),
            _ => Ok(()),
        }
    }

    fn ask(&mut self, what: usize) -> Result<String> {
        let mut names = self.session.untyped();
        match what % 3 {
            0 => {
                let by = vec![(Term::column("name"), Direction::Ascending)];
                let found = names.select("Employee", &Selection { order_by: by, ..Selection::new() })?;
                let shown = found.into_iter().map(|it| names.value(it, "name"));
                let shown = shown.map(|it| it.map(|it| it.to_string().trim_matches('\'').to_owned()));
                Ok(shown.collect::<Result<Vec<_>>>()?.join(" "))
            }
            1 => {
                let filter = Some(Term::column("name").like("m%"));
                Ok(names.select("Engineer", &Selection { filter, ..Selection::new() })?.len().to_string())
            }
            _ => Ok(names.related(self.companies[what % 2], "employees")?.len().to_string()),
        }
    }
}

fn compare(structs: Result<impl World>, how: Inheritance, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut structs = structs.expect("the model is right");
    let mut names = Names::new(how).expect("the model is right");
    prop_assert_eq!(story(&mut structs, steps), story(&mut names, steps), "{:?}", how);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// 103 to 106: whatever is done to a hierarchy, structs and names do the same to the tables.
    #[test]
    fn any_history_is_the_same_with_structs_and_by_name(
        steps in proptest::collection::vec((0..KINDS, 0..8_usize, 0..8_usize), 1..40),
    ) {
        compare(single::Structs::new(), Inheritance::Single, &steps)?;
        compare(joined::Structs::new(), Inheritance::Joined, &steps)?;
        compare(concrete::Structs::new(), Inheritance::Concrete, &steps)?;
    }
}
