//! Sizes at which recursion would overflow the stack, or quadratic work would never end.

use diptych::query::{Input, InsertRows};
use diptych::{Action, Connection, Delete, ForeignKey, Row, Tuple, Value};

use super::{connect, id, keyed, referring};

/// A reply chain of a million rows goes by ON DELETE CASCADE without a deep call stack.
#[test]
fn a_million_replies_go_with_the_first_post() {
    const ROWS: i64 = 1_000_000;
    let cascade = |key: ForeignKey| key.on_delete(Action::Cascade);
    let mut connection = connect([referring(keyed("posts"), "parent", cascade, "posts")]);
    let post = |id: i64| Tuple::new([Value::Int(id), (id > 0).then_some(id - 1).into()]).into_row();
    let mut chain: Vec<Row> = (0..ROWS).map(post).collect();
    let insert = connection.prepare(InsertRows { table: "posts".into() }.into()).unwrap();
    connection.run(&insert, Input::Rows(&mut chain)).unwrap();
    drop(chain);
    let outcome = connection.execute(Delete::from("posts").filter(id(0))).unwrap();
    assert_eq!((outcome.count, outcome.by_actions), (1, ROWS as u64 - 1));
    assert!(connection.transaction().unwrap().image().table(connection.schema().tables()[0].id).is_empty());
}
