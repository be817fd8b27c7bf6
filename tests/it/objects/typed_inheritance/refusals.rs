//! Hierarchies of structs that cannot be, and what is said of them when the model is built.

use diptych::error::Misuse;
use diptych::prelude::*;
use diptych::query::Update;

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "animal")]
#[has_many(toys: Toy, inverse = animal)]
struct Animal {
    #[key(auto)]
    id: Id<Animal>,
    kind: String,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[belongs_to(animal: Animal, inverse = toys)]
struct Toy {
    #[key(auto)]
    id: Id<Toy>,
    #[references(Animal)]
    animal_id: Id<Animal>,
}

/// The discriminator holds one thing for one class.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "animal")]
struct Twice {
    #[base]
    animal: Animal,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "cat", table = "cats")]
#[has_many(toys: Toy)]
struct Cat {
    #[base]
    animal: Animal,
    name: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "dog", concrete = "dogs")]
struct Dog {
    #[base]
    animal: Animal,
}

#[derive(Entity, Clone, Debug)]
#[entity(union, identity = "shape")]
struct Shape {
    #[key(auto)]
    id: Id<Shape>,
}

#[derive(Entity, Clone, Debug)]
#[entity(concrete = "circles")]
struct Circle {
    #[base]
    shape: Shape,
}

/// A union reads whole tables.
#[derive(Entity, Clone, Debug)]
#[entity(identity = "disc")]
struct Disc {
    #[base]
    circle: Circle,
}

/// Queries on animals do not find fish.
#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "being")]
struct Being {
    #[key(auto)]
    id: Id<Being>,
    kind: String,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "fish", concrete = "fish")]
struct Fish {
    #[base]
    being: Being,
}

#[track_caller]
fn refused(database: Result<Database>, words: &[&str]) {
    let told = database.map(drop).expect_err("the model is wrong").to_string();
    assert!(words.iter().all(|it| told.contains(it)), "{told}");
}

#[test]
fn what_a_hierarchy_of_structs_cannot_be_is_a_mistake_of_the_model() {
    refused(Database::of::<(Animal, Toy, Twice)>(), &["Twice: its identity", "is that of `Animal`"]);
    refused(Database::of::<(Toy, Animal, Cat)>(), &["Cat.name: its base has a column of this name", "\"cat_name\""]);
    refused(Database::of::<(Toy, Animal, Cat)>(), &["Cat.toys: its base has a relation of this name"]);
    refused(Database::of::<(Toy, Animal, Dog)>(), &["Dog.toys: its base has the relation by a foreign key"]);
    refused(Database::of::<Twice>(), &["Twice: inherits from `Animal`, which is not part of the model"]);
    refused(Database::of::<(Shape, Circle, Disc)>(), &["Disc: queries on `Shape` read whole tables", "`concrete`"]);
}

#[test]
fn a_whole_table_that_the_base_does_not_read_is_pointed_at() -> Result<()> {
    let told = |database: Database| -> Result<Vec<String>> {
        Ok(database.lint()?.iter().map(ToString::to_string).filter(|it| it.contains("do not find")).collect())
    };
    let lints = told(Database::of::<(Being, Fish)>()?)?;
    assert_eq!(lints.len(), 1);
    assert!(lints[0].contains("Fish: queries on `Being` do not find its objects, which stand in `fish`"), "{lints:?}");
    assert!(told(Database::of::<(Shape, Circle)>()?)?.is_empty());
    Ok(())
}

/// What tells the classes apart is a number here, and a word of an enum there.
#[derive(Entity, Clone, Debug)]
#[entity(discriminator = code, identity = 1, table = "accounts")]
struct Account {
    #[key(auto)]
    id: Id<Account>,
    code: i64,
    #[version]
    version: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "saving")]
struct Saving {
    #[base]
    account: Account,
    rate: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = 2)]
struct Giro {
    #[base]
    account: Account,
    limit: i64,
}

#[derive(AsValue, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sort {
    #[default]
    Letter,
    Parcel,
}

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = sort, identity = "letter", table = "letters")]
struct Letter {
    #[key(auto)]
    id: Id<Letter>,
    sort: Sort,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "packet", table = "packets")]
struct Packet {
    #[base]
    letter: Letter,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "parcel", table = "parcels")]
struct Parcel {
    #[base]
    letter: Letter,
    weight: i64,
}

#[test]
fn an_identity_that_the_discriminator_cannot_hold_is_a_mistake_of_the_model() {
    let words = ["Saving: its identity 'saving' cannot stand in the discriminator `Account.code`", "not an integer"];
    refused(Database::of::<(Account, Saving)>(), &words);
    refused(Database::of::<(Account, Saving)>(), &["`#[entity(identity = 2)]`"]);
    let words = ["Packet: its identity 'packet' cannot stand in the discriminator `Letter.sort`", "letter", "parcel"];
    refused(Database::of::<(Letter, Packet)>(), &words);
}

#[test]
fn numbers_and_enums_tell_classes_apart() -> Result<()> {
    let mut session = Database::of::<(Account, Giro, Letter, Parcel)>()?.session();
    session.add(Account::draft());
    session.add(Giro { limit: 7, ..Giro::draft() });
    session.add(Parcel { weight: 3, ..Parcel::draft() });
    session.commit()?;
    let codes: Vec<i64> = session.all(Account::select().order_by(Account::code))?.iter().map(|it| it.code).collect();
    assert_eq!(codes, [1, 2]);
    assert_eq!(session.one(Giro::select())?.limit, 7);
    assert_eq!((session.one(Parcel::select())?.weight, session.one(Letter::select())?.sort), (3, Sort::Parcel));
    Ok(())
}

/// One object has one version.
#[derive(Entity, Clone, Debug)]
#[entity(identity = 3, table = "loans")]
struct Loan {
    #[base]
    account: Account,
    #[version]
    revision: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = 4, concrete = "pledges")]
struct Pledge {
    #[base]
    account: Account,
    #[version]
    revision: i64,
}

#[test]
fn two_versions_in_one_class_are_a_mistake_of_the_model() {
    let words = ["`Account` counts the versions of its objects in `version` already", "write `revision: i64`"];
    refused(Database::of::<(Account, Loan)>(), &[&["Loan.revision: "], &words[..]].concat());
    refused(Database::of::<(Account, Pledge)>(), &[&["Pledge.revision: "], &words[..]].concat());
    let all = ["Loan.revision", "Saving: its identity"];
    refused(Database::of::<(Account, Loan, Saving)>(), &all);
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = 5)]
struct Deposit {
    #[base]
    account: Account,
    rate: i64,
    limit: i64,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = 6)]
struct Fund {
    #[base]
    account: Account,
    code: i64,
}

#[test]
fn columns_of_one_table_that_two_classes_name_alike_are_said_with_both_classes() {
    let words = ["Deposit.limit: `Giro` has a column of this name in the same table `accounts`", "\"deposit_limit\""];
    refused(Database::of::<(Account, Giro, Deposit)>(), &words);
    let words = ["Fund.code: `Account` has a column of this name in the same table `accounts`", "\"fund_code\""];
    refused(Database::of::<(Account, Fund)>(), &words);
    let told = Database::of::<(Account, Giro, Deposit, Fund)>().map(drop).expect_err("the model is wrong").to_string();
    assert!(told.contains("Fund.code") && told.contains("Deposit.limit"), "{told}");
    assert!(!told.contains("another column"), "{told}");
}

#[derive(Entity, Clone, Debug)]
#[entity(discriminator = kind, identity = "thing", table = "things")]
struct Thing {
    #[key(auto)]
    id: Id<Thing>,
    kind: Option<String>,
}

#[derive(Entity, Clone, Debug)]
#[entity(identity = "stone")]
struct Stone {
    #[base]
    thing: Thing,
}

#[test]
fn a_row_whose_discriminator_is_null_is_of_no_class() -> Result<()> {
    let mut session = Database::of::<(Thing, Stone)>()?.session();
    session.add(Stone::draft());
    session.flush()?;
    session.execute(Update::table("things").set("kind", diptych::Value::Null))?;
    let error = session.all(Thing::select()).map(drop).expect_err("it is of no class");
    assert!(matches!(error.misuse(), Some(Misuse::UnknownDiscriminator { .. })), "{error}");
    Ok(())
}
