//! Sources that are calls: `generate_series`, `unnest` of a list, and what `pragma_…` functions tell.

use sqlparser::ast::{
    Expr as Syntax, FunctionArg, FunctionArgExpr, ObjectName, SetExpr, Statement, TableAlias, TableFactor,
};

use super::call::last_part;
use super::catalog::Field;
use super::from::renamed;
use super::meaning::Typed;
use super::place::{placed, unsupported, wrong};
use super::scope::{Reader, Scope};
use super::system::SystemTable;
use super::text::{Parsed, parse};
use crate::error::Result;
use crate::expr::{Comparison, Expr};
use crate::query::{Leaf, Select, Source};
use crate::schema::Name;
use crate::value::Value;

impl Reader<'_> {
    /// A call as a source, whose columns come into sight.
    pub(super) fn produced(
        &mut self,
        name: &ObjectName,
        list: &[FunctionArg],
        alias: Option<&TableAlias>,
        position: u8,
    ) -> Result<Source> {
        let function = last_part(name).to_ascii_lowercase();
        let mut operands = Vec::with_capacity(list.len());
        for it in list {
            match it {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => operands.push(it),
                _ => return Err(unsupported(name, "this operand of a source")),
            }
        }
        if function == "generate_series" {
            return self.series(name, &operands, alias, position);
        }
        if self.dialect.is_sqlite() {
            let of = match operands[..] {
                [Syntax::Value(it)] => it.value.clone().into_string(),
                _ => None,
            };
            let told = SystemTable::of_pragma(self.catalog, &function, of.as_deref());
            match (told, &operands[..]) {
                (Some(_), [operand]) if of.is_none() => return self.told_of(&function, operand, alias, position),
                (Some(told), _) => return self.rows_in_sight(&function, told.fields, told.rows, alias, position),
                (None, _) => {}
            }
        }
        let there = if self.dialect.is_sqlite() {
            "generate_series and pragma_table_info, pragma_foreign_key_list, pragma_index_list and the like"
        } else {
            "generate_series and unnest"
        };
        Err(wrong(name, format!("there is no function `{function}` that brings rows; there are {there}")))
    }

    /// `pragma_table_info(name)` of a name that another source brings: the rows of all names, and those of this one.
    fn told_of(
        &mut self,
        function: &str,
        operand: &Syntax,
        alias: Option<&TableAlias>,
        position: u8,
    ) -> Result<Source> {
        self.scopes.push(Scope::default());
        let of = self.value_of(operand);
        self.scopes.pop();
        let (mut fields, mut rows) = (Vec::new(), Vec::new());
        for name in self.catalog.all_names() {
            if let Some(told) = SystemTable::of_pragma(self.catalog, function, Some(&name)) {
                fields = told.fields;
                rows.extend(told.rows.into_iter().map(|mut row| {
                    row.push(Expr::Value(name.as_str().into()));
                    row
                }));
            }
        }
        let mut names: Vec<Name> = fields.iter().map(|it| it.name.clone().into()).collect();
        names.push("of".into());
        let column = |name: &Name| Expr::Leaf(Leaf::Column { up: 0, source: 0, name: name.clone() });
        let same = Expr::Compare(Comparison::Equal, Box::new(column(&names[fields.len()])), Box::new(of?.expr));
        let outputs: Vec<Expr<Leaf>> = names[..fields.len()].iter().map(column).collect();
        let select = Select::from(Source::Values(rows, names)).values(outputs).filter(same);
        let fields = renamed(fields, alias)?;
        let called = alias.map_or_else(|| function.to_owned(), |it| it.name.value.clone());
        let names = fields.iter().map(|it| it.name.clone().into()).collect();
        self.in_sight(called, fields, position, false);
        Ok(Source::Select(Box::new(select), names))
    }

    /// `unnest(ARRAY[a, b])`: a row for each.
    pub(super) fn unnested(&mut self, it: &TableFactor, lists: &[Syntax], position: u8) -> Result<Source> {
        let TableFactor::UNNEST { alias, with_offset: false, with_ordinality: false, .. } = it else {
            return Err(unsupported(it, "this form of unnest"));
        };
        let [Syntax::Array(list)] = lists else {
            return Err(unsupported(it, "unnest of anything but one list, ARRAY[…],"));
        };
        let typed = list.elem.iter().map(|it| self.value_of(it)).collect::<Result<Vec<Typed>>>()?;
        let kind = Self::common_kind(&typed);
        let field = Field { kind, ..Field::new("unnest") };
        let rows = typed.into_iter().map(|it| vec![it.expr]).collect();
        self.rows_in_sight("unnest", vec![field], rows, alias.as_ref(), position)
    }

    fn rows_in_sight(
        &mut self,
        function: &str,
        fields: Vec<Field>,
        rows: Vec<Vec<Expr<Leaf>>>,
        alias: Option<&TableAlias>,
        position: u8,
    ) -> Result<Source> {
        let fields = self.called(fields, alias)?;
        let called = alias.map_or_else(|| function.to_owned(), |it| it.name.value.clone());
        let names = fields.iter().map(|it| it.name.clone().into()).collect();
        self.in_sight(called, fields, position, false);
        Ok(Source::Values(rows, names))
    }

    /// The columns under the names of an alias. In PostgreSQL the alias of a call names its only column, too.
    fn called(&self, mut fields: Vec<Field>, alias: Option<&TableAlias>) -> Result<Vec<Field>> {
        if let (Some(alias), [only]) = (alias, &mut fields[..])
            && alias.columns.is_empty()
            && !self.dialect.is_sqlite()
        {
            only.name.clone_from(&alias.name.value);
        }
        renamed(fields, alias)
    }

    /// `generate_series(first, last, step)`: a query that counts, which may read the sources before it.
    fn series(
        &mut self,
        name: &ObjectName,
        operands: &[&Syntax],
        alias: Option<&TableAlias>,
        position: u8,
    ) -> Result<Source> {
        let (first, last, step) = match operands {
            [first, last] => (first.to_string(), last.to_string(), "1".to_owned()),
            [first, last, step] => (first.to_string(), last.to_string(), step.to_string()),
            _ => return Err(wrong(name, "generate_series takes the first, the last and perhaps a step")),
        };
        let constant = match operands.get(2) {
            Some(it) if let Expr::Value(Value::Int(step)) = self.value_of(it)?.expr => Some(step),
            _ => None,
        };
        let goes_on = |value: &str| match constant {
            _ if operands.len() == 2 => format!("{value} <= ({last})"),
            Some(0) => "1 = 0".to_owned(),
            Some(step) if step > 0 => format!("{value} <= ({last})"),
            Some(_) => format!("{value} >= ({last})"),
            None => format!("(({step}) > 0 AND {value} <= ({last}) OR ({step}) < 0 AND {value} >= ({last}))"),
        };
        let column = if self.dialect.is_sqlite() { "value" } else { "generate_series" };
        let text = format!(
            "WITH RECURSIVE generate_series({column}) AS (SELECT ({first}) WHERE {} UNION ALL SELECT {column} + ({step}) \
             FROM generate_series WHERE {}) SELECT {column} FROM generate_series",
            goes_on(&format!("({first})")),
            goes_on(&format!("({column} + ({step}))")),
        );
        let parsed = parse(&text, self.dialect).map_err(|it| placed(it, name))?;
        let Some(Parsed::Syntax(statement, _)) = parsed.first() else { return Err(unsupported(name, "this series")) };
        let Statement::Query(query) = &**statement else { return Err(unsupported(name, "this series")) };
        debug_assert!(matches!(&*query.body, SetExpr::Select(_)));
        let (select, heading) = self.query(query).map_err(|it| wrong(name, it.to_string()))?;
        let fields = heading.iter().map(|it| it.field(column.to_owned())).collect();
        let fields = self.called(fields, alias)?;
        let called = alias.map_or_else(|| "generate_series".to_owned(), |it| it.name.value.clone());
        let names = fields.iter().map(|it| it.name.clone().into()).collect();
        self.in_sight(called, fields, position, false);
        Ok(Source::Select(Box::new(select), names))
    }
}
