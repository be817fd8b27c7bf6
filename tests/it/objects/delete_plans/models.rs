//! Models whose cascades, foreign key actions and loads are drawn, and rows for them.

use diptych::object::Join;
use diptych::prelude::*;
use diptych::{Action, Cascade, Class, Column, ForeignKey, PassiveDeletes, Relationship, Session, Table, Value};

/// A team whose foreign keys do everything by themselves.
pub(super) fn by_the_tables() -> Database {
    let refers = |name: &'static str, column: Column, to: &'static str, action: Action| {
        let key = ForeignKey::new([format!("{to}_id")], to).on_delete(action);
        Table::new(name).auto_key("id").column(column).foreign_key(key)
    };
    let team = || Column::int("team_id").nullable();
    let classes = [
        Class::new("Team", Table::new("team").auto_key("id"))
            .relation(Relationship::new("badges", "Badge").secondary("team_badge")),
        Class::new("Badge", Table::new("badge").auto_key("id")),
        Class::new("Player", refers("player", team(), "team", Action::Cascade)),
        Class::new("Score", refers("score", Column::int("player_id"), "player", Action::Cascade)),
        Class::new("Coach", refers("coach", team(), "team", Action::SetNull)),
        Class::new("Guest", refers("guest", team().default(2), "team", Action::SetDefault)),
    ];
    let worn = Table::new("team_badge").column(Column::int("team_id")).column(Column::int("badge_id"));
    let worn =
        worn.foreign_key(ForeignKey::new(["team_id"], "team")).foreign_key(ForeignKey::new(["badge_id"], "badge"));
    Database::with_classes(classes, [worn.primary_key(["team_id", "badge_id"])]).expect("the model is sound")
}

/// A foreign key of the drawn model: whose it is, the column, and where it leads.
const KEYS: [(&str, &str, &str); 5] =
    [("b", "a_id", "a"), ("b", "b_id", "b"), ("c", "a_id", "a"), ("c", "b_id", "b"), ("a", "b_id", "b")];

/// The tables, and how many of their first columns are the key.
pub(super) fn tables() -> [(&'static str, usize); 4] {
    [("a", 1), ("b", 1), ("c", 1), ("a_c", 2)]
}

/// What is drawn of a foreign key and of the relations over it.
struct Drawn {
    nullable: bool,
    action: Action,
    /// The relation of the row that is referred to.
    has: Option<(Cascade, PassiveDeletes)>,
    /// Whether the row that refers has a relation.
    belongs: bool,
}

fn drawn(choices: &[u8], to_a: bool) -> Drawn {
    let cascades = [Cascade::default(), Cascade::ALL, Cascade::ALL | Cascade::DELETE_ORPHAN, Cascade::default()];
    let passive = [PassiveDeletes::Inferred, PassiveDeletes::Off, PassiveDeletes::On, PassiveDeletes::All];
    let actions = [Action::Cascade, Action::SetNull, Action::NoAction, Action::Restrict, Action::SetDefault];
    Drawn {
        nullable: !choices[0].is_multiple_of(4) || !to_a,
        action: actions[choices[1] as usize % actions.len()],
        has: (!choices[2].is_multiple_of(4))
            .then(|| (cascades[choices[3] as usize % 4], passive[choices[4] as usize % 4])),
        belongs: !choices[5].is_multiple_of(3),
    }
}

/// A model of three classes that refer to each other; nothing where what was drawn is a mistake.
pub(super) fn random(choices: &[u8]) -> Option<Database> {
    let drawn: Vec<Drawn> = KEYS.iter().enumerate().map(|(at, it)| drawn(&choices[at * 8..], it.2 == "a")).collect();
    let class = |name: &'static str| {
        let (upper, mut table) = (name.to_uppercase(), Table::new(name).auto_key("id"));
        let mut relations = Vec::new();
        for ((from, column, to), it) in KEYS.iter().zip(&drawn) {
            let (has, belongs) = (format!("{from}_of_{column}"), column.replace("_id", ""));
            if *from == name {
                let own = if it.nullable { Column::int(*column).nullable() } else { Column::int(*column) };
                table = table.column(own).foreign_key(ForeignKey::new([*column], *to).on_delete(it.action));
                if it.belongs {
                    let relation = Relationship::belongs_to(belongs.clone(), to.to_uppercase()).via([*column]);
                    relations.push(if it.has.is_some() { relation.inverse(has.clone()) } else { relation });
                }
            }
            if let (true, Some((cascade, passive))) = (*to == name, it.has) {
                let relation = Relationship::has_many(has, from.to_uppercase()).via([*column]);
                let relation = relation.cascade(cascade).passive_deletes(passive);
                relations.push(if it.belongs { relation.inverse(belongs) } else { relation });
            }
        }
        if name == "a" && choices[50].is_multiple_of(2) {
            relations.push(Relationship::new("links", "C").secondary("a_c"));
        }
        relations.into_iter().fold(Class::new(upper, table), Class::relation)
    };
    let action = [Action::Cascade, Action::NoAction][choices[51] as usize % 2];
    let between =
        Table::new("a_c").column(Column::int("a_id")).column(Column::int("c_id")).primary_key(["a_id", "c_id"]);
    let between = between
        .foreign_key(ForeignKey::new(["a_id"], "a").on_delete(action))
        .foreign_key(ForeignKey::new(["c_id"], "c").on_delete(Action::Cascade));
    Database::with_classes([class("a"), class("b"), class("c")], [between]).ok()
}

/// Whether a relation leaves rows to the tables that the session would have to know.
pub(super) fn leaves_it_to_the_tables(database: &Database) -> bool {
    let model = database.model().expect("it has classes");
    let mut all = model.classes().iter().flat_map(|it| &it.relations);
    all.any(|it| it.passive_deletes == PassiveDeletes::On && matches!(it.join, Join::Has { .. }))
}

/// Rows: two of each table that others need, and whatever is drawn.
pub(super) fn fill(database: &Database, links: &[(u8, u8, u8)]) {
    let mut connection = database.connect();
    let mut insert = |table: &str, values: &[(&str, Option<i64>)]| {
        let columns: Vec<String> = values.iter().map(|it| it.0.to_owned()).collect();
        let row: Vec<Value> = values.iter().map(|it| it.1.map_or(Value::Null, Value::from)).collect();
        // What a constraint refuses is not there.
        connection.execute(diptych::Insert::into(table.to_owned(), columns).row(row)).ok();
    };
    insert("a", &[("id", Some(1))]);
    insert("a", &[("id", Some(2))]);
    for (position, (table, x, y)) in links.iter().enumerate() {
        let id = Some(position as i64 + 10);
        let a = Some(i64::from(x % 2) + 1).filter(|_| !x.is_multiple_of(7));
        let b = Some(i64::from(y % 24) + 10).filter(|_| !y.is_multiple_of(3));
        match table % 4 {
            0 => insert("b", &[("id", id), ("a_id", a), ("b_id", b)]),
            1 => insert("c", &[("id", id), ("a_id", a), ("b_id", b)]),
            2 => insert("a_c", &[("a_id", a), ("c_id", b)]),
            _ => insert("b", &[("id", id), ("a_id", a), ("b_id", None)]),
        }
    }
    for (_, x, y) in links.iter().filter(|it| it.0.is_multiple_of(5)) {
        let mut update = diptych::Update::table("a");
        update.set = vec![("b_id".into(), diptych::expr::Expr::Value(Value::from(i64::from(*y % 24) + 10)))];
        update.filter = Some(diptych::Expression::eq(diptych::col("id"), i64::from(x % 2) + 1));
        connection.execute(update).ok();
    }
    diptych::Connection::control(&mut connection, diptych::Control::Commit).expect("rows are sound");
}

/// Loads what is drawn of what the session knows by then.
pub(super) fn load_some(session: &mut Session, loads: &[u8]) {
    for load in loads {
        let class = ["A", "B", "C"][*load as usize % 3];
        let all = session.untyped().all(class).expect("a class can be read");
        let relations = session.model().class_named(class).expect("it is there").relations.clone();
        let Some(object) = all.get(*load as usize / 3 % all.len().max(1)) else { continue };
        let Some(relation) = relations.get(*load as usize / 9 % relations.len().max(1)) else { continue };
        session.untyped().related(*object, &relation.name).expect("a relation can be read");
    }
}
