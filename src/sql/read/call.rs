//! Functions: scalar ones, aggregates, and those over windows.

use sqlparser::ast::{
    self as syntax, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    NamedWindowExpr, ObjectName, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::meaning::{Purpose, Typed};
use super::place::{unsupported, wrong};
use super::scope::Reader;
use crate::error::Result;
use crate::expr::{Affinity, Arithmetic, Cast, Comparison, Expr, Function};
use crate::query::{Aggregate, Aggregation, FrameBound, FrameUnit, Leaf, OrderBy, Window, WindowFrame, WindowFunction};
use crate::value::{Kind, Value};

/// A call, taken apart.
struct Call<'s> {
    name: String,
    /// The operands; none of `count(*)`.
    operands: Vec<&'s syntax::Expr>,
    star: bool,
    distinct: bool,
    order_by: &'s [syntax::OrderByExpr],
    whole: &'s syntax::Function,
}

impl Reader<'_> {
    /// What the syntax has special forms for, and plain calls.
    pub(super) fn call_like(&mut self, it: &syntax::Expr) -> Result<Typed> {
        use syntax::Expr as E;
        match it {
            E::Function(function) => self.function(function),
            E::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let list: Vec<_> = [&**expr, from].into_iter().chain(substring_for.as_deref()).collect();
                self.scalar_call("substr", &list, it)
            }
            E::Substring { expr, substring_from: None, substring_for: Some(length), .. } => {
                self.scalar_call("left", &[expr, length], it)
            }
            E::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    Some(syntax::TrimWhereField::Leading) => "ltrim",
                    Some(syntax::TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                let characters = trim_what.as_deref().or_else(|| trim_characters.as_ref().and_then(|it| it.first()));
                let list: Vec<_> = [&**expr].into_iter().chain(characters).collect();
                self.scalar_call(name, &list, it)
            }
            E::Ceil { expr, .. } => self.scalar_call("ceil", &[expr], it),
            E::Extract { field, expr, .. } => self.extract(it, field, expr),
            E::TypedString(text) => self.typed_constant(text),
            E::Floor { expr, .. } => self.scalar_call("floor", &[expr], it),
            E::Position { expr, r#in } => self.scalar_call("instr", &[r#in, expr], it),
            other => Err(unsupported(other, &format!("the expression {other}"))),
        }
    }

    fn function(&mut self, it: &syntax::Function) -> Result<Typed> {
        let call = take_apart(it)?;
        if let Some(over) = &it.over {
            return self.window(&call, over);
        }
        let several = call.operands.len() > 1 && matches!(&*call.name, "min" | "max");
        if let Some(function) = aggregate_named(&call.name).filter(|_| !several) {
            return self.aggregate(function, &call);
        }
        if call.star || call.distinct || it.filter.is_some() || !call.order_by.is_empty() {
            return Err(unsupported(it, &format!("this form of {}", call.name)));
        }
        self.scalar_call(&call.name, &call.operands, it)
    }

    fn aggregate(&mut self, function: Aggregate, call: &Call<'_>) -> Result<Typed> {
        let (mut operands, kind) = self.aggregate_operands(function, call)?;
        if call.name == "sum" && call.operands.len() == 1 && operands.is_empty() {
            operands.push(Expr::Value(Value::Null));
        }
        let filter = call.whole.filter.as_deref().map(|it| self.condition_of(it)).transpose()?;
        let order_by = self.orders(call.order_by)?;
        let it = Aggregation { function, operands, distinct: call.distinct, filter, order_by };
        Ok(Typed { kind, ..Typed::unknown(it.expr()) })
    }

    /// The operands of an aggregate as it takes them, and the kind of what it gives.
    fn aggregate_operands(&mut self, function: Aggregate, call: &Call<'_>) -> Result<(Vec<Expr<Leaf>>, Option<Kind>)> {
        if call.star || function == Aggregate::Count && call.operands.is_empty() {
            if function != Aggregate::Count || call.distinct {
                return Err(wrong(call.whole, format!("{}(*) is no aggregate", call.name)));
            }
            return Ok((Vec::new(), Some(Kind::Int)));
        }
        if let [syntax::Expr::Tuple(list)] = call.operands[..]
            && let (Aggregate::Count, true, false) = (function, call.distinct, self.dialect.is_sqlite())
        {
            let operands = list.iter().map(|it| Ok(self.value_of(it)?.expr)).collect::<Result<_>>()?;
            return Ok((operands, Some(Kind::Int)));
        }
        let most = if function == Aggregate::Concat { 2 } else { 1 };
        if call.operands.is_empty() || call.operands.len() > most {
            let problem = format!("{} takes one operand, {} are given", call.name, call.operands.len());
            return Err(wrong(call.whole, problem));
        }
        if call.distinct && call.operands.len() > 1 && self.dialect.is_sqlite() {
            return Err(wrong(call.whole, "DISTINCT takes one operand"));
        }
        let mut operands = Vec::new();
        for it in &call.operands {
            operands.push(self.value_of(it)?);
        }
        let kind = match function {
            Aggregate::Count => Some(Kind::Int),
            Aggregate::Total | Aggregate::Average => Some(Kind::Float),
            Aggregate::Concat => Some(Kind::Text),
            Aggregate::Min | Aggregate::Max => operands[0].kind,
            Aggregate::Sum => operands[0].kind.filter(|it| matches!(it, Kind::Int | Kind::Float)),
        };
        let operands = operands.into_iter().map(|it| match function {
            Aggregate::Sum | Aggregate::Total | Aggregate::Average => self.summed(it).expr,
            Aggregate::Concat => self.text(it).expr,
            _ => it.expr,
        });
        Ok((operands.collect(), kind))
    }

    fn window(&mut self, call: &Call<'_>, over: &WindowType) -> Result<Typed> {
        let (function, operands, kind) = match aggregate_named(&call.name) {
            Some(function) => {
                let (operands, kind) = self.aggregate_operands(function, call)?;
                (WindowFunction::Aggregate(function), operands, kind)
            }
            None => {
                let function = window_named(&call.name)
                    .ok_or_else(|| wrong(call.whole, format!("there is no window function `{}`", call.name)))?;
                let operands = call.operands.iter().map(|it| self.value_of(it)).collect::<Result<Vec<_>>>()?;
                let kind = match function {
                    WindowFunction::RowNumber
                    | WindowFunction::Rank
                    | WindowFunction::DenseRank
                    | WindowFunction::Ntile => Some(Kind::Int),
                    WindowFunction::PercentRank | WindowFunction::CumulativeDistribution => Some(Kind::Float),
                    _ => operands.first().and_then(|it| it.kind),
                };
                (function, operands.into_iter().map(|it| it.expr).collect(), kind)
            }
        };
        if call.distinct {
            return Err(unsupported(call.whole, "DISTINCT over a window"));
        }
        let filter = call.whole.filter.as_deref().map(|it| self.condition_of(it)).transpose()?;
        let spec = self.window_spec(over, call.whole)?;
        let mut partition_by = Vec::new();
        for it in &spec.partition_by {
            partition_by.push(self.value_of(it)?.expr);
        }
        let order_by = self.orders(&spec.order_by)?;
        let frame = spec.window_frame.as_ref().map(|it| self.frame(it)).transpose()?;
        let window = Window { function, operands, filter, partition_by, order_by, frame };
        Ok(Typed { kind, ..Typed::unknown(Expr::Leaf(Leaf::Window(Box::new(window)))) })
    }

    /// What stands behind OVER, with the named window that it begins with filled in.
    fn window_spec(&self, over: &WindowType, at: &syntax::Function) -> Result<WindowSpec> {
        let (name, mut spec) = match over {
            WindowType::NamedWindow(name) => (Some(name), None),
            WindowType::WindowSpec(spec) => (spec.window_name.as_ref(), Some(spec.clone())),
        };
        if let Some(name) = name {
            let windows = self.scopes.last().map_or(&[][..], |it| &it.windows);
            let found = windows.iter().find(|it| it.0.value.eq_ignore_ascii_case(&name.value));
            let found = found.ok_or_else(|| wrong(at, format!("there is no window `{name}`")))?;
            let mut base = match &found.1 {
                NamedWindowExpr::WindowSpec(spec) => spec.clone(),
                NamedWindowExpr::NamedWindow(other) => {
                    // A chain of names ends at the first one that is no name; one step is all that SQL has.
                    let found = windows.iter().find(|it| it.0.value.eq_ignore_ascii_case(&other.value));
                    match found.map(|it| &it.1) {
                        Some(NamedWindowExpr::WindowSpec(spec)) => spec.clone(),
                        _ => return Err(wrong(at, format!("there is no window `{other}`"))),
                    }
                }
            };
            if let Some(own) = spec.take() {
                if !own.order_by.is_empty() {
                    base.order_by = own.order_by;
                }
                base.window_frame = own.window_frame.or(base.window_frame);
            }
            return Ok(base);
        }
        spec.ok_or_else(|| unsupported(at, "this form of OVER"))
    }

    fn frame(&mut self, it: &syntax::WindowFrame) -> Result<WindowFrame> {
        let unit = match it.units {
            WindowFrameUnits::Rows => FrameUnit::Rows,
            WindowFrameUnits::Range => FrameUnit::Range,
            WindowFrameUnits::Groups => FrameUnit::Groups,
        };
        let start = self.bound(&it.start_bound)?;
        let end = it.end_bound.as_ref().map_or(Ok(FrameBound::Current), |it| self.bound(it))?;
        Ok(WindowFrame { unit, start, end })
    }

    fn bound(&mut self, it: &WindowFrameBound) -> Result<FrameBound> {
        Ok(match it {
            WindowFrameBound::CurrentRow => FrameBound::Current,
            WindowFrameBound::Preceding(None) | WindowFrameBound::Following(None) => FrameBound::Unbounded,
            WindowFrameBound::Preceding(Some(by)) => FrameBound::Preceding(self.value_of(by)?.expr),
            WindowFrameBound::Following(Some(by)) => FrameBound::Following(self.value_of(by)?.expr),
        })
    }

    /// The parts of an order within an aggregate or a window.
    fn orders(&mut self, list: &[syntax::OrderByExpr]) -> Result<Vec<OrderBy>> {
        let mut found = Vec::with_capacity(list.len());
        for it in list {
            let by = self.ordered_by(&it.expr)?;
            found.push(self.order(by, &it.options));
        }
        Ok(found)
    }

    fn scalar_call(&mut self, name: &str, list: &[&syntax::Expr], at: &impl syntax::Spanned) -> Result<Typed> {
        let mut operands = Vec::with_capacity(list.len());
        for it in list {
            operands.push(self.value_of(it)?);
        }
        if let Some(time) = self.of_time(name, &operands) {
            return Ok(time);
        }
        if let Some(simple) = self.by_other_means(name, &operands) {
            return Ok(simple);
        }
        let sqlite = self.dialect.is_sqlite();
        if let (true, "lower" | "upper", [_]) = (sqlite && self.purpose == Purpose::Run, name, &operands[..]) {
            let function = if name == "lower" { Function::LenientLower } else { Function::LenientUpper };
            return Ok(Typed::call(function, operands));
        }
        let name = match (name, sqlite) {
            // PostgreSQL counts places before the first one.
            ("substr" | "substring", true) => "substr",
            ("substr", false) => "substring",
            ("position", _) => "instr",
            (name, _) => name,
        };
        if matches!(name, "greatest" | "least") {
            operands = self.unified(operands);
        }
        let function = Function::named(name, operands.len());
        let function = function.ok_or_else(|| {
            let count = operands.len();
            let instead = instead_of(name).map_or(String::new(), |it| format!(": {it}"));
            let plural = if count == 1 { "" } else { "s" };
            wrong(at, format!("there is no function `{name}` of {count} operand{plural}{instead}"))
        })?;
        Ok(Typed::call(function, operands.into_iter().map(|it| self.taken(function, it)).collect()))
    }

    /// An operand as a function takes it: in SQLite, those of numbers take texts, and those of texts numbers.
    fn taken(&self, function: Function, it: Typed) -> Typed {
        use Function as F;
        if !self.dialect.is_sqlite() {
            return it;
        }
        let run = self.purpose == Purpose::Run;
        match function {
            F::Lower | F::Upper | F::Length | F::Trim | F::Ltrim | F::Rtrim | F::Replace | F::Instr
                if matches!(it.kind, Some(Kind::Int | Kind::Float)) =>
            {
                self.text(it)
            }
            // What is no number has a float for its absolute value.
            F::Abs | F::Mod if run && matches!(it.kind, Some(Kind::Text | Kind::Bytes)) => self.summed(it),
            F::Mod if run && it.kind == Some(Kind::Int) => {
                Typed::of(Expr::Cast(Cast::Lenient(Affinity::Real), Box::new(it.expr)), Kind::Float)
            }
            F::Abs | F::Round if matches!(it.kind, Some(Kind::Text) | None) => Typed::call(F::Number, vec![it]),
            _ => it,
        }
    }

    /// Functions that are said by other expressions.
    fn by_other_means(&self, name: &str, operands: &[Typed]) -> Option<Typed> {
        match (name, operands) {
            ("ifnull", [a, b]) => Some(coalesce(vec![a.clone(), b.clone()])),
            ("coalesce", all) => Some(coalesce(self.unified(all.to_vec()))),
            ("setval", [_, value] | [_, value, _]) | ("set_config", [_, value, _]) if !self.dialect.is_sqlite() => {
                Some(value.clone())
            }
            ("div", [a, b]) => Some(self.arithmetic(Arithmetic::Divide, a.clone(), b.clone())),
            ("quote_literal", [it]) => Some(Typed::call(Function::Quote, vec![it.clone()])),
            ("bit_length", [it]) => {
                let bytes = Typed::call(Function::OctetLength, vec![it.clone()]);
                Some(self.arithmetic(Arithmetic::Multiply, bytes, Typed::constant(Value::Int(8))))
            }
            ("likely" | "unlikely", [a]) | ("likelihood", [a, _]) => Some(a.clone()),
            ("iif" | "if", [condition, a, rest @ ..]) if rest.len() < 2 => {
                let kind = Self::common_kind(std::iter::once(a).chain(rest));
                let arms = vec![(self.condition(condition.clone()), a.expr.clone())];
                let otherwise = rest.first().map(|it| it.expr.clone());
                let case = crate::expr::Case { arms, otherwise };
                Some(Typed { kind, ..Typed::unknown(Expr::Case(Box::new(case))) })
            }
            ("nullif", [a, b]) => {
                let equal = self.compare(Comparison::Equal, a.clone(), b.clone()).expr;
                let plain = Expr::Compare(Comparison::Equal, Box::new(a.expr.clone()), Box::new(b.expr.clone()));
                let expr = if equal == plain {
                    Expr::Call(Function::Nullif, vec![a.expr.clone(), b.expr.clone()])
                } else {
                    let arms = vec![(equal, Expr::Value(Value::Null))];
                    Expr::Case(Box::new(crate::expr::Case { arms, otherwise: Some(a.expr.clone()) }))
                };
                Some(Typed { kind: a.kind, ..Typed::unknown(expr) })
            }
            _ => None,
        }
    }
}

/// What does the work of a function that is not there.
fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "last_insert_rowid" => "say INSERT … RETURNING",
        "changes" | "total_changes" => "the outcome of a statement counts its rows",
        "zeroblob" => "say x'00'",
        "random" | "randomblob" | "gen_random_uuid" => "a program gives random values as parameters",
        "date_part" | "date_trunc" | "to_char" | "age" | "make_date" => {
            "dates are texts here; extract, date_trunc and intervals come with the feature `jiff`"
        }
        "nextval" | "currval" | "setval" | "lastval" => "a key fills itself, and RETURNING tells it",
        "array_agg" | "array_length" | "cardinality" | "unnest" => {
            "there are no arrays; string_agg makes a text of many"
        }
        "regexp_replace" | "regexp_matches" | "regexp_match" | "regexp" => "there are no regular expressions, but LIKE",
        _ if name.starts_with("json") || name.starts_with("to_json") => {
            "JSON is a text here, which programs take apart"
        }
        _ => return None,
    })
}

fn coalesce(all: Vec<Typed>) -> Typed {
    let kind = Reader::common_kind(&all);
    Typed { kind, ..Typed::unknown(Expr::Call(Function::Coalesce, all.into_iter().map(|it| it.expr).collect())) }
}

fn take_apart(it: &syntax::Function) -> Result<Call<'_>> {
    let name = last_part(&it.name).to_ascii_lowercase();
    let mut call = Call { name, operands: Vec::new(), star: false, distinct: false, order_by: &[], whole: it };
    let list = match &it.args {
        FunctionArguments::None => return Ok(call),
        FunctionArguments::List(list) => list,
        FunctionArguments::Subquery(_) => return Err(unsupported(it, "a query as the only operand")),
    };
    call.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => call.operands.push(it),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard | FunctionArgExpr::QualifiedWildcard(_)) => call.star = true,
            _ => return Err(unsupported(it, "an operand with a name")),
        }
    }
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::OrderBy(order) => call.order_by = order,
            _ => return Err(unsupported(it, "this clause of a call")),
        }
    }
    if it.null_treatment.is_some() || !it.within_group.is_empty() {
        return Err(unsupported(it, "this clause of a call"));
    }
    Ok(call)
}

/// The last part of a name with dots.
pub(super) fn last_part(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|it| it.as_ident());
    last.map_or_else(|| name.to_string(), |it| it.value.clone())
}

/// What stands between the dots of a name.
pub(super) fn parts_of(name: &ObjectName) -> Vec<String> {
    name.0.iter().map(|it| it.as_ident().map_or_else(|| it.to_string(), |it| it.value.clone())).collect()
}

pub(super) fn aggregate_named(name: &str) -> Option<Aggregate> {
    Some(match name {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "total" => Aggregate::Total,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "avg" => Aggregate::Average,
        "group_concat" | "string_agg" => Aggregate::Concat,
        // The lesser of two booleans is true only if both are.
        "bool_and" | "every" => Aggregate::Min,
        "bool_or" => Aggregate::Max,
        _ => return None,
    })
}

fn window_named(name: &str) -> Option<WindowFunction> {
    Some(match name {
        "row_number" => WindowFunction::RowNumber,
        "rank" => WindowFunction::Rank,
        "dense_rank" => WindowFunction::DenseRank,
        "percent_rank" => WindowFunction::PercentRank,
        "cume_dist" => WindowFunction::CumulativeDistribution,
        "ntile" => WindowFunction::Ntile,
        "lag" => WindowFunction::Lag,
        "lead" => WindowFunction::Lead,
        "first_value" => WindowFunction::FirstValue,
        "last_value" => WindowFunction::LastValue,
        "nth_value" => WindowFunction::NthValue,
        _ => return None,
    })
}
