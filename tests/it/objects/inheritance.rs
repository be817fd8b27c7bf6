//! How classes inherit: in one table, in joined tables, in tables of their own. What was found is compared as the text
//! of the model.

use diptych::error::{ErrorKind, Fault, Mistake, Misuse};
use diptych::object::{Inheritance, Polymorphic, join_column};
use diptych::{Class, Column, Database, Expression, ForeignKey, Relationship, Table};

#[track_caller]
fn text(classes: impl IntoIterator<Item = Class>) -> String {
    let database = Database::with_classes(classes, []).unwrap_or_else(|error| panic!("{error}"));
    database.model().expect("there is one").to_string()
}

#[track_caller]
fn mistakes(classes: impl IntoIterator<Item = Class>) -> Vec<Mistake> {
    let error = Database::with_classes(classes, []).map(|_| ()).expect_err("the model is wrong");
    match error.kind() {
        ErrorKind::Declaration(all) => all.clone(),
        _ => panic!("{error}"),
    }
}

#[track_caller]
fn refused(all: &[Mistake], place: &str, fault: Fault, words: &[&str]) {
    let says = |it: &&Mistake| {
        it.place == place && it.fault == fault && words.iter().all(|word| it.to_string().contains(word))
    };
    assert!(all.iter().any(|it| says(&it)), "no mistake at {place} is {fault:?} and says {words:?} among {all:#?}");
}

fn owner() -> Class {
    Class::new("Owner", Table::new("owner").auto_key("id"))
}

fn animals() -> Table {
    Table::new("animal")
        .auto_key("id")
        .column(Column::text("breed").nullable())
        .column(Column::text("type"))
        .column(Column::int("lives").nullable())
        .column(Column::int("owner_id").nullable())
        .foreign_key(ForeignKey::new(["owner_id"], "owner"))
}

fn animal() -> Class {
    let owner = Relationship::belongs_to("owner", "Owner").inverse("animals");
    Class::new("Animal", animals()).polymorphic(Polymorphic::on("type").identity("animal")).relation(owner)
}

fn single(name: &'static str, base: &'static str, identity: &'static str) -> Class {
    Class::inheriting(name, base).polymorphic(Polymorphic::of(Inheritance::Single).identity(identity))
}

/// Columns that a subclass has to itself are no attributes of the base and of its other subclasses. Those of the base
/// come first everywhere, and so do its relations.
#[test]
fn classes_of_one_table_share_its_columns() {
    let owner = owner()
        .relation(Relationship::has_many("animals", "Animal").inverse("owner"))
        .relation(Relationship::new("cats", "Cat").view_only());
    let dog = single("Dog", "Animal", "dog").own_columns(["breed"]);
    let cat = single("Cat", "Animal", "cat").own_columns(["lives"]);
    assert_eq!(
        text([owner, animal(), dog, cat, single("Lion", "Cat", "lion")]),
        "\
Owner in owner: id
  animals has many Animal by id = owner_id; moves owner
  cats has many Cat by id = owner_id; cascade merge; view only
Animal in animal: id, type, owner_id; type = 'animal'
  owner belongs to Owner by owner_id = id; moves animals
Dog in animal: id, type, owner_id, breed; single under Animal; type = 'dog'
  owner belongs to Owner by owner_id = id; moves animals
Cat in animal: id, type, owner_id, lives; single under Animal; type = 'cat'
  owner belongs to Owner by owner_id = id; moves animals
Lion in animal: id, type, owner_id, lives; single under Cat; type = 'lion'
  owner belongs to Owner by owner_id = id; moves animals
"
    );
}

fn person() -> Table {
    Table::new("person").auto_key("id").column(Column::text("type")).column(Column::int("boss_id").nullable())
}

fn part(name: &'static str) -> Table {
    Table::new(name).column(Column::int("id")).primary_key(["id"]).foreign_key(ForeignKey::new(["id"], "person"))
}

fn joined(name: &'static str, table: Table) -> Class {
    let identity = table.name().to_owned();
    Class::new(name, table).inherits("Person").polymorphic(Polymorphic::of(Inheritance::Joined).identity(identity))
}

/// A relation may use columns of the base's table from the subclass, of the subclass's table from outside, and lead
/// from one subclass to another.
#[test]
fn joined_classes_have_rows_in_several_tables() {
    let people = person().foreign_key(ForeignKey::new(["boss_id"], "person"));
    let join = || join_column("person.boss_id").eq(join_column("boss.id"));
    let boss = Relationship::new("boss", "Boss").foreign_keys(["person.boss_id"]).back_populates("staff");
    let base = Class::new("Person", people)
        .polymorphic(Polymorphic::on("type").identity("person"))
        .relation(boss.remote_side(["boss.id"]).primary_join(join()));
    let staff = Relationship::new("staff", "Person").foreign_keys(["person.boss_id"]).back_populates("boss");
    let staff = staff.primary_join(join());
    let boss = joined("Boss", part("boss").column(Column::text("title"))).relation(staff);
    let worker =
        part("worker").column(Column::int("lead_id").nullable()).foreign_key(ForeignKey::new(["lead_id"], "boss"));
    let worker = joined("Worker", worker).relation(Relationship::belongs_to("lead", "Boss"));
    let tools = Table::new("tool").auto_key("id").column(Column::int("worker_id"));
    let tools = tools.foreign_key(ForeignKey::new(["worker_id"], "worker"));
    let tool = Class::new("Tool", tools).relation(Relationship::belongs_to("worker", "Worker"));
    assert_eq!(
        text([base, boss, worker, tool]),
        "\
Person in person: id, type, boss_id; type = 'person'
  boss belongs to Boss by boss_id = id; moves staff
Boss in person + boss: id, type, boss_id, title; joined under Person; type = 'boss'
  boss belongs to Boss by boss_id = id; moves staff
  staff has many Person by id = boss_id; moves boss
Worker in person + worker: id, type, boss_id, lead_id; joined under Person; type = 'worker'
  boss belongs to Boss by boss_id = id; moves staff
  lead belongs to Boss by lead_id = id
Tool in tool: id, worker_id
  worker belongs to Worker by worker_id = id
"
    );
}

#[test]
fn parts_root_and_descendants_are_known() {
    let base = Class::new("Person", person()).polymorphic(Polymorphic::on("type").identity("person"));
    let key = Table::new("boss").column(Column::int("person_id")).primary_key(["person_id"]);
    let boss = joined("Boss", key.foreign_key(ForeignKey::new(["person_id"], "person")));
    let nobody = Class::new("Worker", part("worker")).inherits("Person");
    let database = Database::with_classes([base, boss, nobody], []).expect("it is right");
    let model = database.model().expect("there is one");
    let (person, boss, worker) = (&model.classes()[0], &model.classes()[1], &model.classes()[2]);
    assert_eq!(person.descendants, [person.id, boss.id, worker.id]);
    assert_eq!(
        (boss.root, worker.root),
        (person.id, worker.id),
        "without an identity, objects are known by themselves"
    );
    let key = person.column_named("id").expect("there is one");
    assert_eq!(boss.key, [key]);
    assert_eq!(boss.parts.len(), 2);
    assert_eq!(boss.parts[1].key[0].0, key, "the key of the base is repeated in `person_id`");
}

#[test]
fn concrete_classes_inherit_no_relation() {
    let boxes = Class::new("Box", Table::new("box").auto_key("id"));
    let shapes = |name: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::int("box_id").nullable());
        table.foreign_key(ForeignKey::new(["box_id"], "box"))
    };
    let shape = Class::new("Shape", shapes("shape"))
        .polymorphic(Polymorphic::default().union("kind").identity("shape"))
        .relation(Relationship::belongs_to("place", "Box"));
    let concrete = Polymorphic::of(Inheritance::Concrete).identity("circle");
    let circle = Class::new("Circle", shapes("circle")).inherits("Shape").polymorphic(concrete);
    assert_eq!(
        text([boxes, shape, circle]),
        "\
Box in box: id
Shape in shape: id, box_id; kind = 'shape'
  place belongs to Box by box_id = id
Circle in circle: id, box_id; concrete under Shape; kind = 'circle'
"
    );
}

#[test]
fn what_cannot_inherit_is_refused() {
    let base = || Class::new("Person", person()).polymorphic(Polymorphic::on("type").identity("person"));
    let loose = Table::new("worker").column(Column::int("id")).primary_key(["id"]);
    let all = mistakes([
        base(),
        joined("Worker", loose),
        Class::inheriting("Nobody", "Persom"),
        Class::inheriting("Odd", "Person").polymorphic(Polymorphic::of(Inheritance::Joined)),
        Class::inheriting("Ring", "Ring"),
    ]);
    refused(&all, "Worker", Fault::NoForeignKeys, &["`person`", "`worker`"]);
    refused(&all, "Nobody", Fault::Configuration, &["Persom", "did you mean `Person`?"]);
    refused(&all, "Odd", Fault::Configuration, &["no table of its own", "Class::new"]);
    refused(&all, "Ring", Fault::Configuration, &["inherits from itself"]);

    let both = person().foreign_key(ForeignKey::new(["boss_id"], "boss"));
    let base = Class::new("Person", both).polymorphic(Polymorphic::on("kind"));
    refused(&mistakes([base, joined("Boss", part("boss"))]), "Person", Fault::Configuration, &["discriminator `kind`"]);
    let both = person().foreign_key(ForeignKey::new(["boss_id"], "boss"));
    let base = Class::new("Person", both).polymorphic(Polymorphic::on("type"));
    let all = mistakes([base, joined("Boss", part("boss"))]);
    refused(&all, "Boss", Fault::AmbiguousForeignKeys, &["boss.id", "person.boss_id"]);

    let twice = single("Dog", "Animal", "animal");
    refused(
        &mistakes([owner().relation(Relationship::has_many("animals", "Animal").inverse("owner")), animal(), twice]),
        "Dog",
        Fault::Configuration,
        &["`Animal`", "identity"],
    );
}

/// A subclass without a table of its own stands between as its base would.
#[test]
fn a_subclass_has_tables_between_made() {
    let owners = owner().relation(Relationship::has_many("animals", "Animal").inverse("owner"));
    let cat = single("Cat", "Animal", "cat").relation(Relationship::many_to_many("homes", "Owner", "homes"));
    let text = text([owners, animal(), cat]);
    assert!(text.contains("  homes has many Owner by id = cat_id through homes on owner_id = id\n"), "{text}");
}

/// A company of employees, some of whom stand in a whole table of their own, with a relation that leads back from there or
/// without one.
fn staff(leads_back: bool) -> Database {
    let table = |name: &'static str| {
        let table = Table::new(name).auto_key("id").column(Column::int("company_id").nullable());
        table.column(Column::int("mentor_id").nullable()).foreign_key(ForeignKey::new(["company_id"], "companies"))
    };
    let inverse = |it: Relationship, name: &'static str| if leads_back { it.inverse(name) } else { it };
    let employees = inverse(Relationship::has_many("employees", "Employee"), "company");
    let company = Class::new("Company", Table::new("companies").auto_key("id")).relation(employees);
    let mentor = Relationship::belongs_to("mentor", "Employee").via(["mentor_id"]);
    let own = table("employees").foreign_key(ForeignKey::new(["mentor_id"], "employees"));
    let employee = Class::new("Employee", own)
        .polymorphic(Polymorphic::default().union("kind").identity("employee"))
        .relation(inverse(Relationship::belongs_to("company", "Company"), "employees"))
        .relation(mentor);
    let engineer = Class::new("Engineer", table("engineers")).inherits("Employee");
    let engineer = engineer.polymorphic(Polymorphic::of(Inheritance::Concrete).identity("engineer"));
    Database::with_classes([company, employee, engineer], []).expect("the model is sound")
}

/// The foreign key of a collection stands in each of the tables, so objects of all of them are members, whether or not a
/// relation leads back. A reference is refused whose foreign key would name a row of the base with the same key.
#[test]
fn an_object_of_a_whole_table_goes_only_where_relations_and_foreign_keys_can_lead() -> diptych::Result<()> {
    for leads_back in [true, false] {
        let mut session = staff(leads_back).session();
        let mut by_name = session.untyped();
        let (company, engineer) = (by_name.add("Company", &[])?, by_name.add("Engineer", &[])?);
        let employee = by_name.add("Employee", &[])?;
        let error = by_name.set(employee, "mentor", Some(engineer)).expect_err("its rows stand elsewhere");
        let Some(Misuse::StandsApart(it)) = error.misuse() else { panic!("{error}") };
        assert_eq!((&*it.relation, &*it.table, &*it.leads_to), ("Employee.mentor", "engineers", "employees"));
        by_name.push(company, "employees", engineer)?;
        by_name.push(company, "employees", employee)?;
        session.commit()?;
        let mut by_name = session.untyped();
        assert_eq!(by_name.value(engineer, "company_id")?, 1.into());
        assert_eq!(by_name.related(company, "employees")?.len(), 2);
    }
    Ok(())
}

#[test]
fn a_relation_that_does_not_find_objects_of_whole_tables_is_noted() -> diptych::Result<()> {
    let lints: Vec<String> = staff(true).lint()?.iter().map(ToString::to_string).collect();
    let about = |place: &str| lints.iter().filter(|it| it.starts_with(place) && it.contains("`Engineer`")).count();
    assert_eq!((about("Employee.mentor: "), about("Company.employees: ")), (1, 0), "{lints:#?}");
    Ok(())
}
