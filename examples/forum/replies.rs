//! Replies to replies: the same tree as objects, loaded level by level, and as rows, by a query that names itself.

use std::collections::BTreeMap;

use diptych::object::Depth;
use diptych::prelude::*;
use diptych::query::{Leaf, SetOperation, Source};
use diptych::{Expr, Expression, Select, col};

use crate::budget;
use crate::model::Post;
use crate::print::heading;

/// Reads the tree below a post both ways and compares.
pub fn trees(database: &Database) -> Result<()> {
    heading(11, "Replies to replies");
    let session = database.session();
    let asked = Post::select().filter(Post::replies.any(Post::replies.is_not_empty())).order_by(Post::id);
    let root = session.first(asked)?.expect("somebody answered an answer").id;
    let (objects, totals) = budget::measured(database, |session| as_objects(session, root))?;
    let rows = as_rows(database, root)?;
    assert_eq!(objects, rows, "both know each reply and how deep it stands");
    let levels = rows.values().max().copied().unwrap_or_default();
    assert!(levels >= 2 && totals.statements <= levels as u64 + 2, "one statement for each level");
    println!(
        "   {} replies on {levels} levels: {} statements level by level, 1 in the tables",
        rows.len() - 1,
        totals.statements
    );
    Ok(())
}

/// Each reply below a post, itself included, with its depth.
type Tree = BTreeMap<Id<Post>, i64>;

/// A worklist: a tree of replies may be deeper than a stack.
fn as_objects(session: &Session, root: Id<Post>) -> Result<Tree> {
    let query = Post::select().filter(Post::id.eq(root)).with(Post::replies.selectin().depth(Depth::Unlimited));
    let mut tree = Tree::new();
    let mut work = vec![(session.one(query)?.reference(), 0)];
    let before = session.totals().statements;
    while let Some((post, depth)) = work.pop() {
        let post = session.get(post)?;
        tree.insert(post.id, depth);
        work.extend(post.load(Post::replies)?.references().into_iter().map(|it| (it, depth + 1)));
    }
    assert_eq!(session.totals().statements, before, "the walk reads nothing");
    Ok(tree)
}

fn as_rows(database: &Database, root: Id<Post>) -> Result<Tree> {
    let under = || Source::Common("under".into());
    let of = |source, name: &'static str| Expr::Leaf(Leaf::Column { up: 0, source, name: name.into() });
    let first = Select::from("posts").values([col("id"), Expr::from(0)]).filter(col("id").eq(root.get()));
    let below = Select::from("posts").join(under(), of(0, "parent_id").eq(of(1, "id")));
    let below = below.values([of(0, "id"), of(1, "depth").plus(1)]);
    let all = first.compound_all(SetOperation::Union, below);
    let select = Select::from(under()).with("under", ["id", "depth"], all).values([col("id"), col("depth")]);
    let found = database.connect().execute(select)?.rows.typed::<(i64, i64)>()?;
    Ok(found.into_iter().map(|(id, depth)| (Id::new(id), depth)).collect())
}
