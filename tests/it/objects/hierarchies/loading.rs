//! What is loaded along of objects that are of several classes.

use diptych::object::{Lazy, SubclassLoad};
use diptych::prelude::*;

use super::models::{joined, staff};

/// SQLAlchemy: `select(with_polymorphic(Pet, "*")).options(joinedload(poly.Dog.chases))`.
#[test]
fn a_reference_of_a_subclass_that_is_read_along_is_joined() -> Result<()> {
    use joined::{Dog, Pet};
    let session = joined::seeded()?.session();
    let query = Pet::select().with_subclass::<Dog>(SubclassLoad::Inline).filter(Pet::name.eq("rex"));
    let rex = session.one(query.with_of(Dog::chases.joined()))?;
    let rex = rex.downcast::<Dog>()?.expect("he is one");
    assert_eq!(rex.loaded(Dog::chases)?.expect("he does").name, "tom");
    assert_eq!(session.totals().statements, 1);
    Ok(())
}

#[test]
fn a_subclass_that_is_read_inline_joins_its_references_itself() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "bs", identity = "b", discriminator = kind)]
    struct B {
        #[key(auto)]
        id: Id<B>,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "s", load = inline)]
    #[belongs_to(other: O, via = o_id, lazy = joined)]
    struct S {
        #[base]
        b: B,
        #[references(O)]
        o_id: Option<Id<O>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "os")]
    struct O {
        #[key(auto)]
        id: Id<O>,
    }
    let database = Database::of::<(B, S, O)>()?;
    let mut session = database.session();
    let (s, o) = (session.add(S::draft()), session.add(O::draft()));
    session.set(s, S::other, o)?;
    session.commit()?;
    let session = database.session();
    let s = session.one(B::select())?.downcast::<S>()?.expect("it is one");
    assert!(s.loaded(S::other)?.is_some());
    assert_eq!(session.totals().statements, 1);
    Ok(())
}

/// The second relation of a cat and the second of a dog stand at the same position.
#[test]
fn a_joined_relation_of_one_subclass_is_not_that_of_another() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "owners")]
    struct Owner {
        #[key(auto)]
        id: Id<Owner>,
        name: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "pets", identity = "pet", discriminator = kind)]
    struct Pet {
        #[key(auto)]
        id: Id<Pet>,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "dog")]
    #[belongs_to(walker: Owner, via = walker_id)]
    struct Dog {
        #[base]
        pet: Pet,
        #[references(Owner)]
        walker_id: Option<Id<Owner>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "cat")]
    #[has_many(toys: Toy, inverse = cat)]
    struct Cat {
        #[base]
        pet: Pet,
        lives: i64,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "toys")]
    #[belongs_to(cat: Cat, via = cat_id, inverse = toys)]
    struct Toy {
        #[key(auto)]
        id: Id<Toy>,
        #[references(Cat)]
        cat_id: Id<Cat>,
    }
    let database = Database::of::<(Owner, Pet, Dog, Cat, Toy)>()?;
    let mut session = database.session();
    let ann = session.add(Owner { name: "ann".into(), ..Owner::draft() });
    let rex = session.add(Dog::draft());
    session.set(rex, Dog::walker, ann)?;
    let tom = session.add(Cat::draft());
    session.push(tom, Cat::toys, Toy::draft())?;
    session.commit()?;
    let session = database.session();
    let pets = session.all(Pet::select().order_by(Pet::id).with_subclasses().with_of(Cat::toys.joined()))?;
    let rex = pets.iter().filter_map(|it| it.downcast::<Dog>().transpose()).next().expect("there is one")?;
    assert_eq!(rex.load(Dog::walker)?.map(|it| it.name.clone()).as_deref(), Some("ann"));
    Ok(())
}

/// What was to be joined, and is not of what the statement reads, is loaded by one more.
#[test]
fn what_cannot_be_joined_is_loaded_by_selectin() -> Result<()> {
    use joined::{Cat, Dog, Pet};
    let database = joined::seeded()?;
    let by_name = || Pet::select().order_by(Pet::name.desc());
    let queries = [
        by_name().with_of(Cat::toys.joined()).with_of(Dog::chases.joined()),
        by_name().otherwise(Lazy::Joined),
        by_name().with_subclasses().with_of(Cat::toys.joined()).with_of(Dog::chases.joined()),
    ];
    // The toys, and what dogs add, by which it is told whom they chase: that one is known.
    for (query, statements) in queries.into_iter().zip([3, 3, 1]) {
        let session = database.session();
        let all = session.all(query)?;
        assert_eq!(session.totals().statements, statements);
        let tom = all.first().expect("he is there").downcast::<Cat>()?.expect("he is one");
        assert_eq!(tom.loaded(Cat::toys)?.len(), 2);
        let rex = all.iter().last().expect("he is there").downcast::<Dog>()?.expect("he is one");
        assert!(rex.loaded(Dog::chases)?.is_some());
    }
    Ok(())
}

/// The same of a declaration, of a union, of members that come in pages, and of what the session held already.
#[test]
fn what_is_declared_to_be_joined_is_loaded_wherever_it_is_met() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "makers")]
    #[has_many(things: Thing, inverse = maker)]
    struct Maker {
        #[key(auto)]
        id: Id<Maker>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "colours")]
    struct Colour {
        #[key(auto)]
        id: Id<Colour>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "things", identity = "thing", discriminator = kind)]
    #[belongs_to(maker: Maker, via = maker_id, inverse = things)]
    struct Thing {
        #[key(auto)]
        id: Id<Thing>,
        kind: String,
        #[references(Maker)]
        maker_id: Option<Id<Maker>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "paint")]
    #[belongs_to(colour: Colour, via = colour_id, lazy = joined)]
    struct Paint {
        #[base]
        thing: Thing,
        #[references(Colour)]
        colour_id: Option<Id<Colour>>,
    }
    let database = Database::of::<(Maker, Colour, Thing, Paint)>()?;
    let mut session = database.session();
    let (maker, colour) = (session.add(Maker::draft()), session.add(Colour::draft()));
    let paint = session.add(Paint::draft());
    session.set(paint, Paint::colour, colour)?;
    session.set(paint, Thing::maker, maker)?;
    session.commit()?;
    let is_loaded = |session: &Session, thing: View<'_, Thing>| -> Result<()> {
        let before = session.totals().statements;

        assert!(thing.downcast::<Paint>()?.expect("it is one").loaded(Paint::colour)?.is_some());
        assert_eq!(session.totals().statements, before);
        Ok(())
    };
    let session = database.session();
    is_loaded(&session, session.one(Thing::select())?)?;
    let session = database.session();
    let maker = session.one(Maker::select())?.reference();
    is_loaded(&session, session.query_of(maker, Maker::things).limit(1).first()?.expect("one"))?;
    let session = database.session();
    is_loaded(&session, session.one(Maker::select())?.load(Maker::things)?.first().expect("one"))?;
    Ok(())
}

#[test]
fn a_joined_relation_of_a_union_is_loaded_by_selectin() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "colours")]
    struct Colour {
        #[key(auto)]
        id: Id<Colour>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "things", identity = "thing", discriminator = kind, union)]
    #[belongs_to(colour: Colour, via = colour_id)]
    struct Thing {
        #[key(auto)]
        id: Id<Thing>,
        kind: String,
        #[references(Colour)]
        colour_id: Option<Id<Colour>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "paint", concrete = "paints")]
    struct Paint {
        #[base]
        thing: Thing,
        grams: i64,
    }
    let database = Database::of::<(Colour, Thing, Paint)>()?;
    let mut session = database.session();
    let colour = session.add(Colour::draft());
    let (thing, paint) = (session.add(Thing::draft()), session.add(Paint::draft()));
    session.set(thing, Thing::colour, colour)?;
    session.set(paint, Thing::colour, colour)?;
    session.commit()?;
    let session = database.session();
    let all = session.all(Thing::select().loading(Thing::colour.joined()))?;
    assert_eq!(session.totals().statements, 2, "the union, and the colours of both classes");
    for thing in all.iter() {
        assert!(thing.loaded(Thing::colour)?.is_some());
    }
    assert_eq!(all.len(), 2);
    Ok(())
}

/// SQLAlchemy: `selectin_polymorphic(Employee, [Chief])` reads what managers add, too, by one statement.
#[test]
fn selectin_of_a_class_two_levels_down_is_whole() -> Result<()> {
    use staff::{Chief, Employee, Manager, chief, employee, manager};
    let database = staff::database();
    let mut session = database.session();
    for it in 0..5 {
        session.add(chief("c", it));
        session.add(manager("m", it));
        session.add(employee("e"));
    }
    session.commit()?;
    let both = |query: Query<Employee>| {
        query.with_subclass::<Manager>(SubclassLoad::Selectin).with_subclass::<Chief>(SubclassLoad::Selectin)
    };
    for (both_are_asked, statements) in [(false, 2), (true, 3)] {
        let session = database.session();
        let query = match both_are_asked {
            false => Employee::select().with_subclass::<Chief>(SubclassLoad::Selectin),
            true => both(Employee::select()),
        };
        let all = session.all(query)?;
        assert_eq!(session.totals().statements, statements);
        let chiefs = all.iter().filter_map(|it| it.downcast::<Chief>().transpose());
        let chiefs = chiefs.collect::<Result<Vec<_>>>()?;
        let bonuses: Vec<i64> = chiefs.iter().map(|it| it.bonus).collect();
        assert_eq!((bonuses, chiefs[0].car.as_str()), (vec![0, 1, 2, 3, 4], "bmw"));
        assert_eq!(session.totals().statements, statements, "what is asked for is there");
        let managers = all.iter().filter_map(|it| it.downcast::<Manager>().transpose());
        assert_eq!(managers.collect::<Result<Vec<_>>>()?.len(), 10);
        assert_eq!(session.totals().statements > statements, !both_are_asked, "of managers nothing was said");
    }
    Ok(())
}

/// A self-reference is declared to be read eagerly, and a ring of rows is of a subclass: it is closed where it began.
#[test]
fn an_eager_ring_of_objects_of_a_subclass_closes() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "ants", identity = "ant", discriminator = kind)]
    #[has_many(followers: Ant, via(follows_id), inverse = follows, lazy = selectin)]
    #[belongs_to(follows: Ant, via(follows_id), inverse = followers, lazy = subquery)]
    struct Ant {
        #[key(auto)]
        id: Id<Ant>,
        kind: String,
        #[references(Ant)]
        follows_id: Option<Id<Ant>>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "soldier", table = "soldiers")]
    struct Soldier {
        #[base]
        ant: Ant,
        rank: i64,
    }
    let database = Database::of::<(Ant, Soldier)>()?;
    let mut session = database.session();
    let ring: Vec<Ref<Soldier>> = (0..3).map(|rank| session.add(Soldier { ant: Ant::draft(), rank })).collect();
    for at in 0..3 {
        session.set(ring[at], Ant::follows, ring[(at + 1) % 3].upcast::<Ant>())?;
    }
    session.commit()?;
    let session = database.session();
    let ants = session.all(Ant::select())?;
    assert!(session.totals().statements <= 4, "{:?}", session.totals());
    for ant in &ants {
        let next = ant.load(Ant::follows)?.expect("it follows one");
        assert_eq!(next.load(Ant::followers)?.references(), [ant.reference()]);
    }
    Ok(())
}

/// A query on the base reads no row of a subclass; an immediate reference of it needs one to know where it leads.
#[test]
fn an_immediate_reference_of_a_subclass_reads_the_row_that_says_where_it_leads() -> Result<()> {
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "nests")]
    struct Nest {
        #[key(auto)]
        id: Id<Nest>,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(table = "bugs", identity = "bug", discriminator = kind)]
    struct Bug {
        #[key(auto)]
        id: Id<Bug>,
        kind: String,
    }
    #[derive(Entity, Clone, Debug)]
    #[entity(identity = "ant", table = "ants")]
    #[belongs_to(nest: Nest, lazy = immediate)]
    struct Ant {
        #[base]
        bug: Bug,
        #[references(Nest)]
        nest_id: Option<Id<Nest>>,
    }
    let database = Database::of::<(Nest, Bug, Ant)>()?;
    let mut session = database.session();
    let nest = session.add(Nest::draft());
    for _ in 0..2 {
        let ant = session.add(Ant::draft());
        session.set(ant, Ant::nest, nest)?;
    }
    session.commit()?;
    let session = database.session();
    for bug in &session.all(Bug::select())? {
        let ant = bug.downcast::<Ant>()?.expect("it is one");
        assert!(ant.loaded(Ant::nest)?.is_some());
    }
    Ok(())
}
