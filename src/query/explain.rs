//! A plan as a tree that prints: as text, as JSON, as a Mermaid drawing; what was expected beside what happened.

mod tree;

use super::connection::Prepared;
use super::plan::{
    Access, BoundConflict, BoundLeaf, BoundOutput, Bounded, CommonPlan, Gathering, Grouping, InsertPlan, InsertSource,
    Level, Origin, Plan, Range, SelectPlan,
};
use super::profile::Profile;
use super::select::{JoinKind, SetOperation};
use crate::id::IndexId;
use crate::schema::{Schema, TableSchema};
use crate::store::Order;

pub use tree::{Explained, PlanNode};

impl Prepared {
    /// The plan for printing.
    pub fn explain(&self, schema: &Schema) -> Explained {
        self.explain_with(schema, None)
    }

    /// The plan, with what its parts did.
    pub(super) fn explain_with(&self, schema: &Schema, profile: Option<&Profile>) -> Explained {
        let explainer = Explainer { schema, profile };
        let named = |table| schema.table(table).name.as_str();
        Explained::new(match &self.0.plan {
            Plan::Select(select) => explainer.select("query", select),
            Plan::Insert(insert) => explainer.insert(insert),
            Plan::InsertRows { table } => PlanNode::new(format!("insert records into {}", named(*table))),
            Plan::UpdateRows { table, .. } => PlanNode::new(format!("update rows of {} by primary key", named(*table))),
            Plan::Update { find, .. } => explainer.select("update", find),
            Plan::Delete { find, .. } => explainer.select("delete", find),
            Plan::DeleteRows { find, .. } => PlanNode::new("delete").with(explainer.level(find, None)),
        })
    }
}

struct Explainer<'a> {
    schema: &'a Schema,
    profile: Option<&'a Profile>,
}

impl Explainer<'_> {
    fn insert(&self, insert: &InsertPlan) -> PlanNode {
        let table = &self.schema.table(insert.table).name;
        let conflict = match insert.on_conflict.as_ref().map(|it| &it.action) {
            None => "",
            Some(BoundConflict::Nothing | BoundConflict::Ignore) => ", or nothing",
            Some(BoundConflict::Update { .. }) => ", or update",
            Some(BoundConflict::Replace) => ", or replace",
        };
        match &insert.source {
            InsertSource::Rows(rows) => PlanNode::new(format!("insert {} rows into {table}{conflict}", rows.len())),
            InsertSource::Select(select) => {
                let what = format!("insert what a query brings into {table}{conflict}");
                PlanNode::new(what).with(self.select("query", select))
            }
        }
    }

    fn grouping(&self, plan: &SelectPlan, grouping: &Grouping) -> PlanNode {
        let how = match (&grouping.gathering, plan.levels.first().map(|it| &it.origin)) {
            (Gathering::InOrder, _) => ", one group after the other".to_owned(),
            (Gathering::First, _) => ", known by the first row".to_owned(),
            (Gathering::Counted(index, _), Some(Origin::Table(table))) => {
                format!(", counted in index {} if groups are large", self.schema.table(*table).index(*index).name)
            }
            _ => String::new(),
        };
        let what = format!("group by {} keys, {} aggregates{how}", grouping.keys.len(), grouping.aggregates.len());
        let operands = grouping.aggregates.iter().flat_map(|it| &it.operands);
        self.step(what, grouping.keys.iter().chain(operands).chain(&grouping.having))
    }

    fn select(&self, name: impl Into<String>, plan: &SelectPlan) -> PlanNode {
        let mut node = PlanNode::new(name);
        node.estimate = Some(plan.estimate);
        node.actual = self.profile.and_then(|it| it.of_select(plan));
        let mut children = Vec::new();
        for it in &plan.rules {
            children.push(PlanNode::new(format!("rewritten by {}: {}", it.rule, it.what)));
        }
        if !plan.gate.is_empty() {
            children.push(self.step(format!("if {} conditions hold", plan.gate.len()), &plan.gate));
        }
        let mut sources = None;
        for level in plan.levels.iter().rev() {
            sources = Some(self.level(level, sources));
        }
        if let (Some(source), true) = (&mut sources, plan.covering.is_some()) {
            source.what += ", covering";
        }
        children.extend(sources);
        if let Some(grouping) = &plan.grouping {
            children.push(self.grouping(plan, grouping));
        }
        if !plan.windows.is_empty() {
            children.push(PlanNode::new(format!("{} window functions", plan.windows.len())));
        }
        let outputs = plan.outputs.iter().filter_map(|it| match it {
            BoundOutput::Value(it) => Some(it),
            BoundOutput::Row(_) => None,
        });
        outputs.for_each(|it| self.subqueries(it, &mut children));
        if plan.distinct {
            children.push(PlanNode::new("each row once"));
        }
        for compound in &plan.compounds {
            let name = match compound.operation {
                SetOperation::Union => "union",
                SetOperation::Intersect => "intersect",
                SetOperation::Except => "except",
            };
            let name = if compound.all { format!("{name} all") } else { name.to_owned() };
            children.push(self.select(name, &compound.select));
        }
        if !plan.order_by.is_empty() {
            let top = plan.known_limit().map_or(String::new(), |_| ", only the first are kept".to_owned());
            let what = format!("sort by {} keys{top}", plan.order_by.len());
            children.push(self.step(what, plan.order_by.iter().map(|it| &it.by)));
        }
        if plan.limit.is_some() || plan.offset.is_some() {
            let limit = plan.known_limit().map_or_else(|| "limit".to_owned(), |it| format!("limit {it}"));
            children.push(PlanNode::new(limit + if plan.offset.is_some() { " after an offset" } else { "" }));
        }
        node.children = children;
        node
    }

    /// A step that may hold subqueries.
    fn step<'p>(&self, what: String, expressions: impl IntoIterator<Item = &'p Bounded>) -> PlanNode {
        let mut node = PlanNode::new(what);
        expressions.into_iter().for_each(|it| self.subqueries(it, &mut node.children));
        node
    }

    fn subqueries(&self, expr: &Bounded, children: &mut Vec<PlanNode>) {
        expr.leaves(&mut |leaf| {
            let (name, plan) = match leaf {
                BoundLeaf::Exists(plan) => ("exists", plan),
                BoundLeaf::In(_, plan) => ("in", plan),
                BoundLeaf::Quantified(.., plan) => ("any or all", plan),
                BoundLeaf::Scalar(plan) => ("scalar", plan),
                _ => return,
            };
            let when = if plan.correlated { "for each row" } else { "once" };
            children.push(self.select(format!("{name} subquery, {when}"), plan));
        });
    }

    fn level(&self, level: &Level, next: Option<PlanNode>) -> PlanNode {
        let join = match level.kind {
            JoinKind::Inner => "",
            JoinKind::Left => "left join ",
            JoinKind::Right => "right join ",
            JoinKind::Full => "full join ",
            JoinKind::Semi => "semi join ",
            JoinKind::Anti => "anti join ",
        };
        let mut node = PlanNode::new(String::from(join));
        node.estimate = Some(level.estimate);
        node.actual = self.profile.map(|it| it.of_level(level));
        let own = match &level.access {
            Access::Hash { filter, .. } => filter.len(),
            _ => 0,
        };
        node.what += &match &level.origin {
            Origin::Table(table) => self.of_table(self.schema.table(*table), &level.access),
            Origin::Nothing => "one row of nothing".to_owned(),
            Origin::Values { rows, .. } => format!("{} given rows", rows.len()),
            Origin::Select(_) => "a query".to_owned(),
            Origin::Common { .. } => "a query of WITH".to_owned(),
            Origin::Working(_) => "the rows found last".to_owned(),
        };
        if !matches!(level.origin, Origin::Table(_))
            && let Access::Hash { columns, .. } = &level.access
        {
            node.what += &format!(" by hash of {} columns", columns.len());
        }
        let filters = level.on.len() + level.after.len() + own;
        if filters > 0 {
            node.what += &format!(", {filters} filters");
        }
        match &level.origin {
            Origin::Select(plan) => {
                let when = if plan.correlated { "for each row" } else { "once" };
                node.children.push(self.select(format!("query, {when}"), plan));
            }
            Origin::Common { plan, .. } => match &**plan {
                CommonPlan::Plain(plan) => node.children.push(self.select("query, once", plan)),
                CommonPlan::Recursive(plan) => {
                    node.children.extend(plan.first.iter().map(|it| self.select("begin with", it)));
                    node.children.extend(plan.steps.iter().map(|it| self.select("go on with", it)));
                }
            },
            _ => {}
        }
        if let Access::Answer { subquery, .. } = &level.access {
            node.children.push(self.select("in subquery, once", subquery));
        }
        level.on.iter().chain(&level.after).for_each(|it| self.subqueries(it, &mut node.children));
        node.children.extend(next);
        node
    }

    fn of_table(&self, table: &TableSchema, access: &Access) -> String {
        let index = |id: IndexId| {
            let part = if table.index(id).predicate.is_some() { "partial " } else { "" };
            format!("{part}index {}", table.index(id).name)
        };
        let name = &table.name;
        match access {
            Access::Scan => format!("{name} by scan"),
            Access::Index { index: id, equal, range, order } => {
                let mut what = format!("{name} by {}", index(*id));
                if !equal.is_empty() {
                    what += &format!(", {} equal", equal.len());
                }
                what += match range {
                    Range::Whole => "",
                    Range::Present => ", behind NULLs",
                    Range::Absent => ", NULLs",
                    Range::Within(..) => ", a range",
                };
                if *order == Order::Descending {
                    what += ", backwards";
                }
                what
            }
            Access::Merge { index: id, equal } => format!("{name} merged by {}, {} equal", index(*id), equal.len()),
            Access::AnyOf { index: id, list } => format!("{name} by {}, any of {}", index(*id), list.len()),
            Access::Answer { index: id, .. } => {
                format!("{name} by {}, any of a subquery's answer", index(*id))
            }
            Access::Keys { index: Some(id), .. } => format!("{name} by {}, given keys", index(*id)),
            Access::Keys { index: None, .. } => format!("{name} by hash, given keys"),
            Access::Hash { columns, .. } if columns.is_empty() => format!("{name} by a list made once"),
            Access::Hash { columns, .. } => format!("{name} by hash of {}", table.names(columns).join(", ")),
        }
    }
}
