//! Keys that pass from one object to another in a flush that lets references lead elsewhere, too: in the end each
//! reference leads to the object that it was set to, though its columns may hold what they held before.

use diptych::prelude::*;
use proptest::prelude::*;

/// Houses with numbers, and tenants who live in one of them.
macro_rules! town {
    ($name:ident: ($($key:tt)*), ($($unique:tt)*) $number:ty, ($($reference:tt)*), ($($updates:tt)*)) => {
        pub(super) mod $name {
            use diptych::prelude::*;

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "houses")]
            #[has_many(tenants: Tenant, inverse = house, $($updates)*)]
            pub struct House {
                $($key)*
                pub number: i64,
                pub name: String,
            }

            #[derive(Entity, Clone, Debug)]
            #[entity(table = "tenants")]
            #[belongs_to(house: House, via = number, inverse = tenants, $($updates)*)]
            pub struct Tenant {
                #[key]
                pub id: i64,
                pub name: String,
                $($unique)*
                #[references(House, $($reference)*)]
                pub number: $number,
            }

            pub fn house(number: i64, name: &str) -> House {
                let mut house = House::draft();
                (house.number, house.name) = (number, name.into());
                house
            }

            pub fn tenant(id: i64) -> Tenant {
                Tenant { id, name: format!("tenant {id}"), ..Tenant::draft() }
            }

            pub fn database() -> Database {
                Database::of::<(House, Tenant)>().unwrap_or_else(|error| panic!("{error}"))
            }

            /// Two houses, and a tenant of the first.
            pub fn two_houses() -> Result<(Database, Session, [Ref<House>; 2], Ref<Tenant>)> {
                let database = database();
                let mut session = database.session();
                session.set_autoflush(false);
                let houses = [session.add(house(1, "a")), session.add(house(2, "b"))];
                let tenant = session.push(houses[0], House::tenants, tenant(1))?;
                session.commit()?;
                Ok((database, session, houses, tenant))
            }

            /// The names of the houses in which the tenants live, as the tables say.
            pub fn homes(database: &Database) -> Result<Vec<(i64, String)>> {
                let session = database.session();
                let mut homes = Vec::new();
                for tenant in &session.all(Tenant::select().order_by(Tenant::id))? {
                    let house = session.get(tenant.reference())?.load(Tenant::house)?.map(|it| it.name.clone());
                    homes.push((tenant.id, house.unwrap_or_default()));
                }
                Ok(homes)
            }
        }
    };
}

town!(optional: (#[key]), () Option<i64>, (on_update = cascade), ());
town!(single: (#[key]), (#[unique]) Option<i64>, (on_update = cascade), ());
town!(emptied: (#[key]), () Option<i64>, (on_update = set_null), ());
town!(active: (#[key]), () Option<i64>, (deferred), (passive_updates = off));
// What the reference leads to is not the primary key.
town!(coded: (#[key(auto)] pub id: Id<House>, #[unique]), () Option<i64>, (column = number, on_update = cascade), ());

fn exchange_numbers(session: &mut Session, [a, b]: [Ref<optional::House>; 2]) -> Result<()> {
    let (x, y) = (session.get(a)?.number, session.get(b)?.number);
    (session.edit(a)?.number, session.edit(b)?.number) = (y, x);
    Ok(())
}

#[test]
fn a_tenant_moves_into_the_house_that_gets_the_number_of_the_old_one() -> Result<()> {
    use optional::*;
    for by_collection in [false, true] {
        let (database, mut session, [a, b], tenant) = two_houses()?;
        exchange_numbers(&mut session, [a, b])?;
        match by_collection {
            true => session.push(b, House::tenants, tenant).map(drop)?,
            false => session.set(tenant, Tenant::house, b)?,
        }
        diptych::assert_statements!(session, 2, { session.flush()? });
        session.commit()?;
        assert_eq!(homes(&database)?, [(1, "b".to_owned())], "by the collection: {by_collection}");
        assert_eq!(session.get(tenant)?.number, Some(1));
        assert_eq!(session.get(tenant)?.load(Tenant::house)?.map(|it| it.reference()), Some(b));
    }
    Ok(())
}

#[test]
fn what_a_reference_leads_to_need_not_be_the_primary_key() -> Result<()> {
    use coded::*;
    let (database, mut session, [a, b], tenant) = two_houses()?;
    (session.edit(a)?.number, session.edit(b)?.number) = (2, 1);
    session.set(tenant, Tenant::house, b)?;
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "b".to_owned())]);
    Ok(())
}

#[test]
fn a_number_that_was_left_for_another_one_is_taken_with_the_tenant() -> Result<()> {
    use optional::*;
    let (database, mut session, [a, b], tenant) = two_houses()?;
    (session.edit(a)?.number, session.edit(b)?.number) = (9, 1);
    session.set(tenant, Tenant::house, b)?;
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "b".to_owned())]);
    Ok(())
}

#[test]
fn a_new_house_takes_the_number_and_the_tenant() -> Result<()> {
    use optional::*;
    for goes in [false, true] {
        let (database, mut session, [a, _], tenant) = two_houses()?;
        match goes {
            true => session.delete(a)?,
            false => session.edit(a)?.number = 9,
        }
        let c = session.add(house(1, "c"));
        session.set(tenant, Tenant::house, c)?;
        session.commit()?;
        assert_eq!(homes(&database)?, [(1, "c".to_owned())], "the old house goes: {goes}");
    }
    Ok(())
}

#[test]
fn a_house_takes_the_number_and_the_tenant_of_one_that_goes() -> Result<()> {
    use optional::*;
    let (database, mut session, [a, b], tenant) = two_houses()?;
    session.set(tenant, Tenant::house, b)?;
    session.delete(a)?;
    session.edit(b)?.number = 1;
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "b".to_owned())]);
    Ok(())
}

/// A house tells who lives there, and a tenant does not.
mod untold {
    use diptych::prelude::*;

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "houses")]
    #[has_many(tenants: Tenant, via = number)]
    pub struct House {
        #[key]
        pub number: i64,
    }

    #[derive(Entity, Clone, Debug)]
    #[entity(table = "tenants")]
    pub struct Tenant {
        #[key]
        pub id: i64,
        #[references(House, on_update = cascade)]
        pub number: Option<i64>,
    }
}

#[test]
fn a_tenant_leaves_unread_a_house_that_gets_another_number() -> Result<()> {
    use untold::*;
    let database = Database::of::<(House, Tenant)>()?;
    let mut session = database.session();
    session.set_autoflush(false);
    let house = session.add(House { number: 1 });
    let tenant = session.push(house, House::tenants, Tenant { id: 1, number: None })?;
    session.commit()?;
    session.edit(house)?.number = 2;
    session.remove(house, House::tenants, tenant)?;
    session.commit()?;
    assert_eq!(database.session().one(Tenant::select())?.number, None);
    Ok(())
}

#[test]
fn who_is_not_told_to_move_stays_in_the_house() -> Result<()> {
    use optional::*;
    let (database, mut session, houses, tenant) = two_houses()?;
    exchange_numbers(&mut session, houses)?;
    diptych::assert_statements!(session, 1, { session.flush()? });
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "a".to_owned())]);
    assert_eq!(session.get(tenant)?.number, Some(2));
    Ok(())
}

/// The tenant of a third house gets a number by hand, while that goes from one house to another.
#[test]
fn a_number_that_is_written_by_hand_is_that_of_the_house_that_has_it_in_the_end() -> Result<()> {
    use optional::*;
    let (database, mut session, houses, _) = two_houses()?;
    let third = session.add(house(3, "c"));
    let other = session.push(third, House::tenants, tenant(2))?;
    session.commit()?;
    session.edit(other)?.number = Some(1);
    exchange_numbers(&mut session, houses)?;
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "a".to_owned()), (2, "b".to_owned())]);
    assert_eq!(session.get(other)?.number, Some(1));
    Ok(())
}

#[test]
fn a_number_that_is_emptied_by_the_table_is_written_again() -> Result<()> {
    use emptied::*;
    let (database, mut session, [a, b], tenant) = two_houses()?;
    (session.edit(a)?.number, session.edit(b)?.number) = (2, 1);
    session.set(tenant, Tenant::house, b)?;
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "b".to_owned())]);
    Ok(())
}

/// Where the session writes the numbers of tenants, the table does nothing that would have to be undone.
#[test]
fn what_no_action_has_moved_is_not_written_again() -> Result<()> {
    use active::*;
    let (database, mut session, [a, b], tenant) = two_houses()?;
    (session.edit(a)?.number, session.edit(b)?.number) = (2, 1);
    session.set(tenant, Tenant::house, b)?;
    // Two of them read who lives in the houses whose numbers change.
    diptych::assert_statements!(session, 3, { session.flush()? });
    session.commit()?;
    assert_eq!(homes(&database)?, [(1, "b".to_owned())]);
    Ok(())
}

/// Those who live alone change houses, whose numbers change hands: each holds the number that it held before.
#[test]
fn tenants_who_live_alone_change_places_with_the_numbers() -> Result<()> {
    use single::*;
    for renamed in [false, true] {
        let (database, mut session, [a, b], x) = two_houses()?;
        let y = session.push(b, House::tenants, tenant(2))?;
        session.commit()?;
        (session.edit(a)?.number, session.edit(b)?.number) = (2, 1);
        session.set(x, Tenant::house, b)?;
        session.set(y, Tenant::house, a)?;
        if renamed {
            session.edit(x)?.name = "other".into();
        }
        session.commit()?;
        assert_eq!(homes(&database)?, [(1, "b".to_owned()), (2, "a".to_owned())], "renamed: {renamed}");
    }
    Ok(())
}

/// A step of a flush: what is done, to whom, and to whom else.
type Step = (u8, usize, usize);

macro_rules! any_town {
    ($($name:ident),*) => {$(
        mod $name {
            use super::super::$name::*;
            use super::*;

            struct Town {
                database: Database,
                session: Session,
                /// Each house with its number, and each tenant with the house in which it is to live.
                houses: Vec<(Ref<House>, i64)>,
                tenants: Vec<(Ref<Tenant>, Option<usize>)>,
                fresh: i64,
            }

            impl Town {
                fn new() -> Result<Self> {
                    let database = database();
                    let mut session = database.session();
                    session.set_autoflush(false);
                    let houses: Vec<_> =
                        (0..4).map(|it| (session.add(house(it, &format!("{it}"))), it)).collect();
                    let mut tenants = Vec::new();
                    for at in 0..3 {
                        tenants.push((session.push(houses[at].0, House::tenants, tenant(at as i64))?, Some(at)));
                    }
                    session.commit()?;
                    Ok(Town { database, session, houses, tenants, fresh: 10 })
                }

                fn lives_alone() -> bool {
                    stringify!($name) == "single"
                }

                fn settle(&mut self, tenant: usize, house: Option<usize>) -> Result<()> {
                    if Self::lives_alone() && house.is_some() {
                        for at in 0..self.tenants.len() {
                            if at != tenant && self.tenants[at].1 == house {
                                self.settle(at, None)?;
                            }
                        }
                    }
                    let reference = house.map(|it| self.houses[it].0);
                    self.session.set(self.tenants[tenant].0, Tenant::house, reference)?;
                    self.tenants[tenant].1 = house;
                    Ok(())
                }

                fn number(&mut self, house: usize, number: i64) -> Result<()> {
                    self.session.edit(self.houses[house].0)?.number = number;
                    self.houses[house].1 = number;
                    Ok(())
                }

                fn step(&mut self, (what, a, b): Step) -> Result<()> {
                    let (house, other, tenant) = (a % self.houses.len(), b % self.houses.len(), b % self.tenants.len());
                    match what {
                        0 | 1 => {
                            let (x, y) = (self.houses[house].1, self.houses[other].1);
                            self.number(house, y)?;
                            self.number(other, x)?;
                        }
                        2 => {
                            self.fresh += 1;
                            self.number(house, self.fresh)?;
                        }
                        3 | 4 => self.settle(tenant, Some(house))?,
                        5 => self.settle(tenant, None)?,
                        6 => self.session.edit(self.tenants[tenant].0)?.name.push('\''),
                        7 => {
                            let number = self.houses[house].1;
                            for at in 0..self.tenants.len() {
                                if self.tenants[at].1 == Some(house) {
                                    self.settle(at, (other != house).then_some(other))?;
                                }
                            }
                            self.session.delete(self.houses[house].0)?;
                            self.fresh += 1;
                            let number = if b < 8 { number } else { self.fresh };
                            self.houses[house] = (self.session.add(super::super::$name::house(number, &format!("{house}"))), number);
                        }
                        _ => {
                            let live: Vec<usize> = (0..self.tenants.len()).filter(|it| self.tenants[*it].1 == Some(house)).collect();
                            for at in live {
                                self.settle(at, Some(other))?;
                            }
                        }
                    }
                    Ok(())
                }
            }

            pub(super) fn holds(flushes: &[Vec<Step>]) -> Result<()> {
                let mut town = Town::new()?;
                for steps in flushes {
                    steps.iter().try_for_each(|it| town.step(*it))?;
                    town.session.commit()?;
                    let wanted: Vec<(i64, String)> = town.tenants.iter().enumerate()
                        .map(|(at, it)| (at as i64, it.1.map(|it| it.to_string()).unwrap_or_default())).collect();
                    assert_eq!(homes(&town.database)?, wanted);
                    for (tenant, house) in &town.tenants {
                        let held = town.session.get(*tenant)?.load(Tenant::house)?.map(|it| it.reference());
                        assert_eq!(held, house.map(|it| town.houses[it].0));
                        assert_eq!(town.session.get(*tenant)?.number, house.map(|it| town.houses[it].1));
                    }
                }
                Ok(())
            }
        }
    )*};
}

mod any_town {
    use super::*;

    any_town!(optional, single, active, coded);

    proptest! {
        #![proptest_config(ProptestConfig { cases: super::super::super::property::cases(96), ..ProptestConfig::default() })]

        /// Whatever numbers change hands, and whoever moves: all live where they were told to.
        #[test]
        fn all_live_where_they_were_told_to(
            flushes in prop::collection::vec(prop::collection::vec((0u8..9, 0usize..4, 0usize..12), 1..7), 1..4),
        ) {
            optional::holds(&flushes)?;
            single::holds(&flushes)?;
            active::holds(&flushes)?;
            coded::holds(&flushes)?;
        }
    }
}
