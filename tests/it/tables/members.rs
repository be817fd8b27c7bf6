//! Rows of a join that an index brings are not looked at when their places are all that is asked for: what comes out, in
//! which order, and what is counted as read is as if they had been.

use diptych::query::{Input, JoinKind, Leaf, Output, Places, Prepared};
use diptych::record::values;
use diptych::{Column, Connection, Expr, Expression, Insert, NativeConnection, Select, Value, col};

use super::{connect, done, keyed};

/// Owners with many members, with one, and with none; members of no owner; parts of some members.
fn database() -> NativeConnection {
    let owners = keyed("owners").column(Column::int("rank").nullable());
    let members = keyed("members").column(Column::int("owner").nullable()).index(["owner"]);
    let parts = keyed("parts").column(Column::int("member").nullable()).index(["member"]);
    let mut connection = connect([owners, members, parts]);
    let or_null = |it: i64, is_null: bool| if is_null { Value::Null } else { Value::Int(it) };
    let insert = Insert::into("owners", ["id", "rank"]);
    done(&mut connection, (1..=6).fold(insert, |all, it| all.row([it.into(), or_null(it % 2, it == 3)])));
    let insert = Insert::into("members", ["id", "owner"]);
    let owner = |it: i64| or_null([1, 1, 2, 4, 4, 4, 6][it as usize % 7], it % 9 == 0);
    done(&mut connection, (1..=40).fold(insert, |all, it| all.row([it.into(), owner(it)])));
    let insert = Insert::into("parts", ["id", "member"]);
    done(&mut connection, (1..=30).fold(insert, |all, it| all.row([it.into(), or_null(it % 8, it % 5 == 0)])));
    connection
}

fn at(source: u8, name: &'static str) -> Expr<Leaf> {
    Leaf::Column { up: 0, source, name: name.into() }.expr()
}

fn owners_with_members(kind: JoinKind) -> Select {
    Select::from("owners").join_as(kind, "members", at(1, "owner").eq(at(0, "id")))
}

/// What a query brings by its places, and how many rows it has read for that.
fn located(connection: &mut NativeConnection, query: &Prepared, keys: &[Value]) -> (Vec<Vec<Option<Vec<Value>>>>, u64) {
    let tables = ["owners", "members", "parts"].map(|it| connection.schema().table_named(it).unwrap().id);
    let diptych::Statement::Select(select) = query.statement() else { panic!("it is a query") };
    let sources: Vec<usize> = select.outputs.iter().map(source).collect();
    let (mut found, before) = (Places::default(), connection.log().totals());
    connection.locate(query, input(keys), &mut found).unwrap();
    let read = (connection.log().totals() - before).rows_read;
    let version = found.version().expect("all outputs are whole rows");
    let cell = |row: usize, column: usize| {
        let row = version.row(tables[sources[column]], found.at(row, column)?);
        Some(values(&**row.expect("a place of a version has a row")))
    };
    let rows = (0..found.len()).map(|row| (0..sources.len()).map(|column| cell(row, column)).collect());
    (rows.collect(), read)
}

fn source(output: &Output) -> usize {
    let Output::Row(source) = output else { panic!("it is a whole row") };
    usize::from(*source)
}

fn input(keys: &[Value]) -> Input<'_> {
    if keys.is_empty() { Input::Values(&[]) } else { Input::Keys(keys) }
}

/// Runs a query and locates it: rows, their order and what was read for them have to agree.
fn agree(connection: &mut NativeConnection, mut select: Select, outputs: &[u8], keys: &[Value]) {
    select.outputs = outputs.iter().map(|&it| Output::Row(it)).collect();
    let case = format!("{select:?} {keys:?}");
    let query = connection.prepare(select.into()).unwrap();
    let before = connection.log().totals();
    let ran = connection.run(&query, input(keys)).unwrap().rows;
    let read = (connection.log().totals() - before).rows_read;
    let cells = |row| ran.rows_at(row).iter().map(|it| it.as_ref().map(|it| values(&**it))).collect();
    let rows: Vec<Vec<Option<Vec<Value>>>> = (0..ran.len()).map(cells).collect();
    assert_eq!(located(connection, &query, keys), (rows, read), "{case}");
}

/// Q1: every kind of join, each choice of outputs, each page, with and without keys and conditions.
#[test]
fn q1_members_by_their_places_are_those_that_a_run_brings() {
    let mut connection = database();
    let conditions = [None, Some(col("rank").eq(1)), Some(at(1, "id").gt(9)), Some(at(1, "id").is_null())];
    let pages = [None, Some((0, 0)), Some((1, 0)), Some((4, 3)), Some((100, 7)), Some((7, 100))];
    for kind in [JoinKind::Left, JoinKind::Inner, JoinKind::Right, JoinKind::Full] {
        for (condition, outputs) in conditions.iter().flat_map(|it| {
            let all: [&[u8]; 6] = [&[0, 1], &[1, 0], &[0], &[1], &[1, 1], &[0, 1, 1]];
            all.map(|outputs| (it, outputs))
        }) {
            for page in pages {
                let mut select = owners_with_members(kind);
                select = condition.iter().fold(select, |all, it| all.filter(it.clone()));
                select = page.iter().fold(select, |all, it| all.limit(it.0).offset(it.1));
                agree(&mut connection, select.clone(), outputs, &[]);
                let keys = [4, 1, 3, 4, 77].map(Value::Int);
                if matches!(kind, JoinKind::Left | JoinKind::Inner) {
                    agree(&mut connection, select.by_keys(["id"]), outputs, &keys);
                }
            }
        }
    }
}

/// Q1: where another join stands before that of the members, which may leave them without an owner.
#[test]
fn q1_members_of_members_are_those_that_a_run_brings() {
    let mut connection = database();
    for first in [JoinKind::Left, JoinKind::Inner, JoinKind::Right, JoinKind::Full] {
        for second in [JoinKind::Left, JoinKind::Inner] {
            for outputs in [&[0, 1, 2][..], &[2, 0], &[1], &[2, 2, 1]] {
                let select = || owners_with_members(first).join_as(second, "parts", at(2, "member").eq(at(1, "id")));
                agree(&mut connection, select(), outputs, &[]);
                agree(&mut connection, select().limit(9).offset(2), outputs, &[]);
                let both = owners_with_members(first).join_as(second, "parts", at(2, "member").eq(at(0, "rank")));
                agree(&mut connection, both, outputs, &[]);
            }
        }
    }
}

/// Each owner once without members, NULL meets nothing, and a page reads no further than its last row.
#[test]
fn members_are_counted_as_read_one_by_one() {
    let mut connection = database();
    let mut read = |kind: JoinKind, page: Option<u64>| {
        let mut select = page.iter().fold(owners_with_members(kind), |all, it| all.limit(*it));
        select.outputs = vec![Output::Row(0), Output::Row(1)];
        let query = connection.prepare(select.into()).unwrap();
        let plan = query.explain(connection.schema()).to_string();
        assert!(plan.contains("by index members_owner_idx, 1 equal  ("), "nothing is left to ask: {plan}");
        let (rows, read) = located(&mut connection, &query, &[]);
        let alone = rows.iter().filter(|it| it[1].is_none()).count();
        (rows.len(), alone, read)
    };
    // 36 of the 40 members have an owner, and two of the six owners have no member.
    assert_eq!(read(JoinKind::Left, None), (36 + 2, 2, 6 + 36));
    assert_eq!(read(JoinKind::Left, Some(3)), (3, 0, 1 + 3));
}
