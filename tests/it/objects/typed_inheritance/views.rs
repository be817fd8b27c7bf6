//! What is seen of an object through its class and through its base.

use diptych::object::SubclassLoad;
use diptych::prelude::*;

use super::models::joined::*;

fn seeded() -> Result<Session> {
    let database = database();
    let mut session = database.session();
    let acme = session.add(Company { name: "Acme".into(), ..Company::draft() });
    session.push(acme, Company::employees, engineer("Ada", "Rust"))?;
    session.push(acme, Company::employees, Employee { name: "Eve".into(), ..Employee::draft() })?;
    session.commit()?;
    Ok(database.session())
}

fn named(session: &Session, name: &str) -> Result<Ref<Employee>> {
    Ok(session.one(Employee::select().filter(Employee::name.eq(name)))?.reference())
}

/// A look through the base copies nothing and reads nothing that a subclass adds; a look through the subclass reads that,
/// and what was lent before stays as it was.
#[test]
fn a_base_is_seen_in_place() -> Result<()> {
    let session = seeded()?;
    let ada = named(&session, "Ada")?;
    let before = session.totals().statements;
    let base = session.get(ada)?;
    assert_eq!((base.name.as_str(), base.kind.as_str()), ("Ada", "engineer"));
    assert!(std::ptr::eq(base.entity(), session.get(ada)?.entity()), "no copy is made");
    assert_eq!(session.totals().statements, before);
    let whole = base.downcast::<Engineer>()?.expect("she is one");
    assert_eq!(whole.language.as_deref(), Some("Rust"));
    assert_eq!(session.totals().statements, before + 1);
    assert!(std::ptr::eq(session.get(ada)?.entity(), &whole.employee), "the base stands in the row of the subclass");
    assert_eq!(base.name, whole.name);
    Ok(())
}

/// O1: one key is one object for the whole hierarchy, whatever it is asked for as.
#[test]
fn o1_an_object_is_the_same_as_its_class_and_as_its_base() -> Result<()> {
    let session = seeded()?;
    let ada = named(&session, "Ada")?;
    let key = session.get(ada)?.id;
    let engineer = session.find::<Engineer>(key)?.expect("she is one").reference();
    assert_eq!(engineer.upcast(), ada);
    assert_eq!(session.find::<Employee>(key)?.map(|it| it.reference()), Some(ada));
    assert_eq!(session.downcast::<Engineer>(ada)?, Some(engineer));
    assert_eq!(session.downcast::<Manager>(ada)?, None);
    assert!(session.find::<Manager>(key)?.is_none());
    let eve = named(&session, "Eve")?;
    assert_eq!(session.downcast::<Engineer>(eve)?, None);
    Ok(())
}

/// Both guards write one row, and only what they have changed.
#[test]
fn an_edit_through_the_base_and_one_through_the_class_meet() -> Result<()> {
    let mut session = seeded()?;
    let ada = named(&session, "Ada")?;
    session.edit(ada)?.name = "Ada Lovelace".into();
    let before = session.totals().statements;
    session.flush()?;
    assert_eq!(session.totals().statements, before + 1, "what was not read is not written");
    let engineer = session.downcast::<Engineer>(ada)?.expect("she is one");
    let mut edit = session.edit(engineer)?;
    edit.language = Some("C".into());
    edit.name.push('!');
    assert_eq!(session.get(ada)?.name, "Ada Lovelace!");
    session.assign(engineer, Employee::kind, "engineer")?;
    session.commit()?;
    let view = session.get(engineer)?;
    assert_eq!((view.name.as_str(), view.language.as_deref()), ("Ada Lovelace!", Some("C")));
    Ok(())
}

/// What is loaded along a relation of the base is promised by the type, through either class.
#[test]
fn relations_of_the_base_are_promised() -> Result<()> {
    let session = seeded()?;
    let engineers = session.all(
        Engineer::select()
            .order_by(Employee::name.desc())
            .with(Employee::company.joined().then(Company::employees.selectin()))
            .with(Engineer::tools.selectin()),
    )?;
    let ada = engineers.first().expect("there is one");
    assert_eq!(ada.get(Engineer::tools).len(), 0);
    let company = ada.get(Employee::company).expect("she is employed");
    let names: Vec<String> = company.get(Company::employees).iter().map(|it| it.name.clone()).collect();
    assert_eq!(names, ["Ada", "Eve"]);
    let copy = ada.detach();
    assert_eq!(copy.get(Employee::company).expect("it is copied").name, "Acme");
    assert_eq!(copy.language.as_deref(), Some("Rust"));
    Ok(())
}

/// Members that are of a subclass are copied with their owner, though what they add was not read.
#[test]
fn a_copy_shows_members_by_their_base() -> Result<()> {
    let session = seeded()?;
    let copy = session.one(Company::select().with(Company::employees.selectin()))?.detach();
    drop(session);
    let names: Vec<String> = copy.get(Company::employees).iter().map(|it| it.name.clone()).collect();
    assert_eq!(names, ["Ada", "Eve"]);
    assert!(copy.get(Company::employees)[0].downcast::<Engineer>().is_none(), "her language was not read");
    let session = seeded()?;
    let all = session.all(Employee::select().with_subclasses().order_by(Employee::name))?;
    let copies: Vec<_> = all.iter().map(|it| it.detach()).collect();
    let engineer = copies[0].view().downcast::<Engineer>().expect("she is one");
    assert_eq!(engineer.language.as_deref(), Some("Rust"));
    assert!(copies[1].view().downcast::<Engineer>().is_none());
    Ok(())
}

/// What a subclass adds comes when it is looked at, with the query, or by one more statement for all that are of it; and
/// so do its relations.
#[test]
fn what_subclasses_add_comes_as_it_is_asked() -> Result<()> {
    let session = seeded()?;
    let count = |query: Query<Employee>| -> Result<u64> {
        let mut session = seeded()?;
        session.add(engineer("Bob", "C"));
        session.commit()?;
        session.let_go_of_all();
        let before = session.totals().statements;
        let all = session.all(query)?;
        let engineers = all.iter().map(|it| it.downcast::<Engineer>()).collect::<Result<Vec<_>>>()?;
        let languages: Vec<&str> =
            engineers.iter().flatten().filter_map(|it| it.entity().language.as_deref()).collect();
        assert_eq!(languages, ["Rust", "C"]);
        assert!(engineers.iter().flatten().all(|it| it.load(Engineer::tools).is_ok_and(|it| it.is_empty())));
        Ok(session.totals().statements - before)
    };
    let query = || Employee::select().order_by(Employee::id);
    assert_eq!(count(query())?, 5, "one for all, and one for each engineer and for the tools of each");
    assert_eq!(count(query().with_subclass::<Engineer>(SubclassLoad::Inline))?, 3);
    assert_eq!(count(query().with_subclasses())?, 3);
    assert_eq!(count(query().with_subclass::<Engineer>(SubclassLoad::Selectin))?, 4);
    assert_eq!(count(query().with_subclasses().with_of(Engineer::tools.selectin()))?, 2);
    let companies = Company::select().with(Company::employees.selectin().then_of(Engineer::tools.selectin()));
    let company = session.one(companies)?;
    let before = session.totals().statements;
    for employee in &company.get(Company::employees) {
        let engineer = employee.downcast::<Engineer>()?;
        assert!(engineer.is_none_or(|it| it.loaded(Engineer::tools).is_ok()), "they came along");
    }
    assert_eq!(session.totals().statements, before + 1, "the language of the engineer");
    let rust = query().with_subclass::<Engineer>(SubclassLoad::Inline).filter(Engineer::language.eq("Rust").upcast());
    let rust = rust.order_by(Engineer::language.desc().upcast());
    assert_eq!(session.one(rust)?.name, "Ada");
    Ok(())
}

/// O8: what a query promises of a subclass is whole, though its objects were known by the base before.
#[test]
fn o8_what_is_promised_of_a_subclass_is_whole() -> Result<()> {
    let database = database();
    let mut session = database.session();
    let ada = session.add(engineer("Ada", "Rust"));
    session.push(ada, Engineer::tools, Tool { name: "drill".into(), ..Tool::draft() })?;
    session.commit()?;
    let strategies = [Tool::owner.selectin(), Tool::owner.joined(), Tool::owner.subquery(), Tool::owner.immediate()];
    for strategy in strategies {
        let session = database.session();
        let ada = named(&session, "Ada")?;
        assert_eq!(session.get(ada)?.name, "Ada", "her language is not read");
        let tool = session.one(Tool::select().with(strategy))?;
        let before = session.totals().statements;
        let owner = tool.get(Tool::owner);
        assert_eq!((owner.language.as_deref(), owner.reference().upcast()), (Some("Rust"), ada));
        assert_eq!(tool.detach().get(Tool::owner).language.as_deref(), Some("Rust"));
        assert_eq!(session.totals().statements, before);
    }
    Ok(())
}
