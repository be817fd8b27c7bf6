//! A model of many entities: lists of lists, and how long compiling them takes.
//!
//! Measured on two shared cores (Rust 1.95, debug, nothing incremental) with a program of 633 lines: thirty entities of
//! seven to nine columns and one or two relations, an object of each, one query by `selectin` of each collection. Checking
//! took 0.65 s (one entity alone: 0.11 s), building and linking 2.3 s (0.8 s).

use diptych::prelude::*;

/// A house, and things that stand in it.
macro_rules! things {
    ($($thing:ident)*) => {$(
        #[derive(Entity, Clone, Debug)]
        #[belongs_to(house: House, via = house_id)]
        struct $thing {
            #[key(auto)]
            id: Id<$thing>,
            #[references(House)]
            house_id: Id<House>,
            name: String,
        }
    )*

        /// Adds one of each to a house; says how many.
        fn furnish(session: &mut Session, house: Ref<House>) -> Result<usize> {
            let mut count = 0;
            $(
                let thing = session.add($thing { name: stringify!($thing).to_owned(), ..$thing::draft() });
                session.set(thing, $thing::house, house)?;
                count += 1;
            )*
            Ok(count)
        }
    };
}

#[derive(Entity, Clone, Debug)]
struct House {
    #[key(auto)]
    id: Id<House>,
}

things! {
    Armchair Bath Bed Bench Blanket Bookcase Bucket Candle Carpet Chair Clock Cupboard Curtain Cushion Desk Door Fan Fork
    Frame Heater Jar Kettle Lamp Ladder Mirror Oven Pan Piano Plant Plate Shelf Sink Sofa Stool Table Towel Vase Window
}

#[test]
fn a_long_list_of_entities_is_a_list_of_lists() -> Result<()> {
    type Small = (Bucket, Candle, Clock, Cushion, Fan, Fork, Frame, Jar, Kettle, Lamp, Pan, Plant, Plate, Towel, Vase);
    type Large = (
        (Armchair, Bath, Bed, Bench, Blanket, Bookcase, Carpet, Chair, Cupboard, Curtain, Desk, Door),
        (Heater, Ladder, Mirror, Oven, Piano, Shelf, Sink, Sofa, Stool, Table, Window),
    );
    let database = Database::of::<(House, Small, Large)>()?;
    let mut session = database.session();
    let house = session.add(House::draft());
    let count = furnish(&mut session, house)?;
    session.commit()?;
    assert_eq!((count, database.schema().tables().len()), (38, 39));
    let (vase, sofa) = (session.one(Vase::select())?, session.one(Sofa::select())?);
    assert_eq!(vase.house_id, sofa.house_id);
    assert_eq!(Database::of::<House>()?.schema().tables().len(), 1, "a list of one needs no tuple");
    Ok(())
}
