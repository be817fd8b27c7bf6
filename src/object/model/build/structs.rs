//! Classes whose rows are structs of the program.
//!
//! Such a row is what a view hands out, so it holds the columns of its table and nothing else. What a subclass adds, and
//! what the tables compute with a row, has no place in it; a class that has either keeps its rows as tuples. A subclass in
//! the same table that adds nothing is shown by the struct as well.

use std::any::Any;
use std::iter::successors;

use crate::error::Mistake;
use crate::object::model::ClassModel;
use crate::record::Tuple;
use crate::schema::Schema;

/// Notes classes whose objects have no place in the structs by which they would be shown.
pub(super) fn check(schema: &Schema, classes: &[ClassModel], mistakes: &mut Vec<Mistake>) {
    for class in classes {
        let mut shown_as = successors(Some(class), |it| it.base.map(|base| &classes[base.index()]));
        let Some(shown) = shown_as.find(|it| has_structs(schema, it)) else { continue };
        if fits(schema, class, shown) {
            continue;
        }
        let table = &schema.table(shown.table_id).name;
        let problem = format!("has other attributes than the rows of `{table}`, which are structs of the program");
        let root = &classes[shown.root.index()].name;
        let mut advice = format!("declare `{root}` by `Class::new`, so that rows are tuples");
        if let Some(computed) = class.computed.iter().find(|it| it.column.is_some()) {
            advice = format!("make `{}` a `ComputedKind::Hybrid`, or {advice}", computed.name);
        }
        mistakes.push(Mistake::new(&*class.name, problem, advice));
    }
}

fn has_structs(schema: &Schema, class: &ClassModel) -> bool {
    !(&*schema.table(class.table_id).prototype as &dyn Any).is::<Tuple>()
}

/// Whether the attributes of a class are the columns of the table by whose rows its objects are shown.
fn fits(schema: &Schema, class: &ClassModel, shown: &ClassModel) -> bool {
    let columns = schema.table(shown.table_id).columns.iter().map(|it| &*it.name);
    class.table_id == shown.table_id && columns.eq(class.columns.iter().map(|it| &**it))
}
