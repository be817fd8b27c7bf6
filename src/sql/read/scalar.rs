//! Expressions.

use sqlparser::ast::{self as syntax, BinaryOperator, CaseWhen, Query, UnaryOperator};

use super::meaning::Typed;
use super::place::{unsupported, wrong};
use super::scope::Reader;
use super::types::kind_of;
use super::untyped::typed_as;
use crate::error::Result;
use crate::expr::{Affinity, Arithmetic, Case, Cast, Comparison, Expr, Function, Like, Matching};
use crate::query::{Leaf, Quantifier};
use crate::value::{Kind, Truth, Value};

impl Reader<'_> {
    pub(super) fn expr(&mut self, it: &syntax::Expr) -> Result<Typed> {
        self.deeper(|reader| reader.expr_here(it))
    }

    /// An expression as a value that comes out or is computed with.
    pub(super) fn value_of(&mut self, it: &syntax::Expr) -> Result<Typed> {
        let it = self.expr(it)?;
        Ok(self.value(it))
    }

    /// An expression as a condition.
    pub(super) fn condition_of(&mut self, it: &syntax::Expr) -> Result<Expr<Leaf>> {
        let it = self.expr(it)?;
        Ok(self.condition(it))
    }

    fn expr_here(&mut self, it: &syntax::Expr) -> Result<Typed> {
        use syntax::Expr as E;
        Ok(match it {
            E::Nested(it) => self.expr(it)?,
            E::Value(it) => self.literal(it)?,
            E::Identifier(name) => self.column(name)?,
            E::CompoundIdentifier(path) => match &path[..] {
                [source, name] | [_, source, name] => self.column_of(source, name)?,
                _ => return Err(unsupported(it, "a name of so many parts")),
            },
            E::BinaryOp { left, op, right } => self.binary(it, left, op, right)?,
            E::UnaryOp { op, expr } => self.unary(it, op, expr)?,
            E::IsNull(of) => Typed::bool(Expr::IsNull(Box::new(self.value_of(of)?.expr))),
            E::IsNotNull(of) => not(Typed::bool(Expr::IsNull(Box::new(self.value_of(of)?.expr)))),
            E::IsTrue(of) => self.is(of, Truth::True)?,
            E::IsNotTrue(of) => not(self.is(of, Truth::True)?),
            E::IsFalse(of) => self.is(of, Truth::False)?,
            E::IsNotFalse(of) => not(self.is(of, Truth::False)?),
            E::IsUnknown(of) => self.is(of, Truth::Unknown)?,
            E::IsNotUnknown(of) => not(self.is(of, Truth::Unknown)?),
            E::IsNotDistinctFrom(a, b) => self.same(a, b)?,
            E::IsDistinctFrom(a, b) => not(self.same(a, b)?),
            E::Between { expr, negated, low, high } => negate_if(*negated, self.between(expr, low, high)?),
            E::In { expr, target, negated, .. } => negate_if(*negated, self.membership(expr, target)?),
            E::Like { negated, expr, pattern, escape_char, any: false } => {
                let matching = if self.dialect.is_sqlite() { Matching::AsciiCase } else { Matching::Exact };
                negate_if(*negated, self.like(matching, expr, pattern, escape_char.as_deref())?)
            }
            E::ILike { negated, expr, pattern, escape_char, any: false } => {
                // In SQLite's dialect it stands for the GLOB of NOT GLOB.
                let matching = if self.dialect.is_sqlite() { Matching::Glob } else { Matching::AnyCase };
                negate_if(*negated, self.like(matching, expr, pattern, escape_char.as_deref())?)
            }
            E::AnyOp { left, compare_op, right, .. } => {
                self.quantified(it, left, compare_op, right, Quantifier::Any)?
            }
            E::AllOp { left, compare_op, right } => self.quantified(it, left, compare_op, right, Quantifier::All)?,
            E::Exists { subquery, negated } => {
                let (select, _) = self.subquery(subquery)?;
                negate_if(*negated, Typed::bool(Expr::Leaf(Leaf::Exists(Box::new(select)))))
            }
            E::Subquery(query) => self.scalar_subquery(query)?,
            E::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())?
            }
            E::Cast { expr, data_type, .. } => self.cast(expr, data_type)?,
            E::Collate { expr, collation } => self.collated(expr, collation)?,
            E::SimilarTo { .. } | E::RLike { .. } => {
                return Err(wrong(it, "there are no regular expressions, but LIKE and ILIKE"));
            }
            E::Array(_) => return Err(wrong(it, "there are no arrays, but in = ANY(ARRAY[…]) and unnest(ARRAY[…])")),
            E::Tuple(list) if list.len() == 1 => self.expr(&list[0])?,
            other => self.call_like(other)?,
        })
    }

    /// `COLLATE`: how it is compared and ordered.
    fn collated(&mut self, of: &syntax::Expr, collation: &syntax::ObjectName) -> Result<Typed> {
        let name = collation.to_string().trim_matches('"').to_ascii_uppercase();
        let caseless = match (&*name, self.dialect.is_sqlite()) {
            ("BINARY", true) | ("C" | "POSIX" | "UCS_BASIC", false) => false,
            ("NOCASE", true) => true,
            _ => {
                let there = if self.dialect.is_sqlite() { "BINARY and NOCASE" } else { "\"C\"" };
                return Err(wrong(of, format!("there is no collation {collation}, but {there}")));
            }
        };
        Ok(Typed { caseless, ..self.expr(of)? })
    }

    /// An expression as it is ordered and grouped by.
    pub(super) fn ordered_by(&mut self, it: &syntax::Expr) -> Result<Expr<Leaf>> {
        let it = self.expr(it)?;
        Ok(self.ordered(it))
    }

    fn binary(
        &mut self,
        whole: &syntax::Expr,
        left: &syntax::Expr,
        op: &BinaryOperator,
        right: &syntax::Expr,
    ) -> Result<Typed> {
        use BinaryOperator as B;
        if let Some(how) = comparison(op) {
            return self.comparison(how, left, right);
        }
        Ok(match op {
            B::And | B::Or => self.chain(whole, op)?,
            B::StringConcat => {
                let (a, b) = (self.expr(left)?, self.expr(right)?);
                self.joined(a, b)
            }
            B::Is => self.same(left, right)?,
            B::IsNot => not(self.same(left, right)?),
            B::Glob => self.like(Matching::Glob, left, right, None)?,
            B::PGLikeMatch => self.like(Matching::Exact, left, right, None)?,
            B::PGILikeMatch => self.like(Matching::AnyCase, left, right, None)?,
            B::PGNotLikeMatch => not(self.like(Matching::Exact, left, right, None)?),
            B::PGNotILikeMatch => not(self.like(Matching::AnyCase, left, right, None)?),
            B::PGExp if !self.dialect.is_sqlite() => {
                let (a, b) = (self.value_of(left)?, self.value_of(right)?);
                Typed::call(Function::Power, vec![a, b])
            }
            B::PGRegexMatch | B::PGRegexIMatch | B::PGRegexNotMatch | B::PGRegexNotIMatch => {
                return Err(wrong(whole, "there are no regular expressions, but LIKE and ILIKE"));
            }
            B::Arrow | B::LongArrow => {
                return Err(wrong(whole, "JSON is a text here, which programs take apart"));
            }
            other => {
                if let Some(shifted) = self.shifted(whole, left, op, right)? {
                    return Ok(shifted);
                }
                let how = arithmetic(other).ok_or_else(|| unsupported(whole, &format!("the operator {other}")))?;
                let (a, b) = (self.expr(left)?, self.expr(right)?);
                self.arithmetic(how, a, b)
            }
        })
    }

    /// The members of a chain of ANDs or ORs, which the syntax holds as a tree that leans to the left.
    fn chain(&mut self, whole: &syntax::Expr, op: &BinaryOperator) -> Result<Typed> {
        let (mut members, mut rest) = (Vec::new(), whole);
        while let syntax::Expr::BinaryOp { left, op: this, right } = rest
            && this == op
        {
            members.push(&**right);
            rest = left;
        }
        members.push(rest);
        let members = members.into_iter().rev().map(|it| self.condition_of(it)).collect::<Result<Vec<_>>>()?;
        Ok(Typed::bool(match op {
            // What says several conditions by itself, as BETWEEN does, says them here.
            BinaryOperator::And => Expr::And(members.into_iter().flat_map(Expr::conjuncts).collect()),
            _ => Expr::Or(members),
        }))
    }

    fn unary(&mut self, whole: &syntax::Expr, op: &UnaryOperator, of: &syntax::Expr) -> Result<Typed> {
        match op {
            UnaryOperator::Not | UnaryOperator::BangNot => Ok(not(Typed::bool(self.condition_of(of)?))),
            UnaryOperator::Plus => {
                let it = self.value_of(of)?;
                Ok(Typed { affinity: None, ..it })
            }
            UnaryOperator::Minus => {
                if let syntax::Expr::Value(it) = of
                    && let syntax::Value::Number(digits, _) = &it.value
                    && digits == "9223372036854775808"
                {
                    return Ok(Typed::constant(Value::Int(i64::MIN)));
                }
                let it = self.expr(of)?;
                Ok(match &it.expr {
                    Expr::Value(Value::Int(number)) if *number != i64::MIN => Typed::constant(Value::Int(-number)),
                    Expr::Value(Value::Float(number)) => Typed::constant(Value::Float(-number)),
                    _ => self.of_number(it, Function::Negate, Function::LenientNegate),
                })
            }
            UnaryOperator::BitwiseNot => {
                let it = self.expr(of)?;
                Ok(self.of_number(it, Function::BitNot, Function::LenientBitNot))
            }
            UnaryOperator::PGSquareRoot | UnaryOperator::PGAbs => {
                let it = self.value_of(of)?;
                let function = if *op == UnaryOperator::PGAbs { Function::Abs } else { Function::Sqrt };
                Ok(Typed::call(function, vec![it]))
            }
            other => Err(unsupported(whole, &format!("the operator {other}"))),
        }
    }

    /// A comparison; of rows in parentheses, column by column.
    fn comparison(&mut self, how: Comparison, left: &syntax::Expr, right: &syntax::Expr) -> Result<Typed> {
        let (Some(a), Some(b)) = (row_of(left), row_of(right)) else {
            let (a, b) = (self.expr(left)?, self.expr(right)?);
            return Ok(self.compare(how, a, b));
        };
        if a.len() != b.len() {
            return Err(wrong(left, format!("{} values are compared with {}", a.len(), b.len())));
        }
        let pairs = a.iter().zip(b).map(|(a, b)| Ok((self.expr(a)?, self.expr(b)?))).collect::<Result<Vec<_>>>()?;
        let equal = |it: &Self, (a, b): &(Typed, Typed)| it.compare(Comparison::Equal, a.clone(), b.clone()).expr;
        let all = |it: &Self| Typed::bool(Expr::And(pairs.iter().map(|pair| equal(it, pair)).collect()));
        let strictly = match how {
            Comparison::Equal => return Ok(all(self)),
            Comparison::NotEqual => return Ok(not(all(self))),
            Comparison::Less | Comparison::LessOrEqual => Comparison::Less,
            Comparison::Greater | Comparison::GreaterOrEqual => Comparison::Greater,
        };
        let mut ways = Vec::new();
        for (at, (a, b)) in pairs.iter().enumerate() {
            let last = if at + 1 == pairs.len() { how } else { strictly };
            let mut members: Vec<_> = pairs[..at].iter().map(|pair| equal(self, pair)).collect();
            members.push(self.compare(last, a.clone(), b.clone()).expr);
            ways.push(Expr::And(members));
        }
        Ok(Typed::bool(Expr::Or(ways)))
    }

    fn between(&mut self, of: &syntax::Expr, low: &syntax::Expr, high: &syntax::Expr) -> Result<Typed> {
        let (of, low, high) = (self.expr(of)?, self.expr(low)?, self.expr(high)?);
        let from = self.compare(Comparison::GreaterOrEqual, of.clone(), low).expr;
        let to = self.compare(Comparison::LessOrEqual, of, high).expr;
        Ok(Typed::bool(Expr::And(vec![from, to])))
    }

    fn is(&mut self, of: &syntax::Expr, truth: Truth) -> Result<Typed> {
        let of = self.condition_of(of)?;
        Ok(Typed::bool(Expr::Is(truth, Box::new(of))))
    }

    /// `IS`: equal, or both NULL. Beside TRUE and FALSE the other side is a condition.
    fn same(&mut self, left: &syntax::Expr, right: &syntax::Expr) -> Result<Typed> {
        match right {
            syntax::Expr::Value(it) if it.value == syntax::Value::Null => {
                return Ok(Typed::bool(Expr::IsNull(Box::new(self.value_of(left)?.expr))));
            }
            syntax::Expr::Value(it) if let syntax::Value::Boolean(holds) = it.value => {
                return self.is(left, holds.into());
            }
            _ => {}
        }
        let (a, b) = (self.expr(left)?, self.expr(right)?);
        let (a, b) = self.comparable(a, b);
        Ok(Typed::bool(Expr::Same(Box::new(a.expr), Box::new(b.expr))))
    }

    fn membership(&mut self, of: &syntax::Expr, target: &syntax::InTarget) -> Result<Typed> {
        let query = match target {
            syntax::InTarget::List(list) => return self.in_list(of, list),
            syntax::InTarget::Subquery(query) => self.subquery(query)?,
            syntax::InTarget::Table { name, args: None, .. } => self.all_of(name)?,
            _ => return Err(unsupported(of, "this form of IN")),
        };
        let (select, fields) = query;
        let needles = match of {
            syntax::Expr::Tuple(list) => list.iter().collect(),
            one => vec![one],
        };
        if needles.len() != fields.len() {
            let problem = format!("{} values are looked for among rows of {} columns", needles.len(), fields.len());
            return Err(wrong(of, problem));
        }
        let mut found = Vec::new();
        for (needle, field) in needles.into_iter().zip(&fields) {
            let needle = self.expr(needle)?;
            let beside = Typed { kind: field.kind, affinity: field.affinity, ..Typed::constant(Value::Null) };
            found.push(self.comparable(needle, beside).0.expr);
        }
        Ok(Typed::bool(Expr::Leaf(Leaf::In(found, Box::new(select)))))
    }

    fn in_list(&mut self, of: &syntax::Expr, list: &[syntax::Expr]) -> Result<Typed> {
        if matches!(of, syntax::Expr::Tuple(all) if all.len() > 1) {
            let ways = list.iter().map(|it| Ok(self.comparison(Comparison::Equal, of, it)?.expr));
            return Ok(Typed::bool(Expr::Or(ways.collect::<Result<_>>()?)));
        }
        let of = self.expr(of)?;
        let mut items = Vec::with_capacity(list.len());
        for it in list {
            // What stands in the list has no affinity, whatever it is.
            items.push(Typed { affinity: None, ..self.expr(it)? });
        }
        let (needle, items) = self.among(of, items);
        Ok(Typed::bool(Expr::InList(Box::new(needle), items)))
    }

    fn like(
        &mut self,
        matching: Matching,
        text: &syntax::Expr,
        pattern: &syntax::Expr,
        escape: Option<&syntax::Expr>,
    ) -> Result<Typed> {
        let (text, pattern) = (self.expr(text)?, self.expr(pattern)?);
        let (text, pattern) = (self.text(text).expr, self.text(pattern).expr);
        let escape = escape.map(|it| Ok::<_, crate::error::Error>(self.expr(it)?.expr)).transpose()?;
        Ok(Typed::bool(Expr::Like(Box::new(Like { matching, text, pattern, escape }))))
    }

    fn quantified(
        &mut self,
        whole: &syntax::Expr,
        left: &syntax::Expr,
        op: &BinaryOperator,
        right: &syntax::Expr,
        quantifier: Quantifier,
    ) -> Result<Typed> {
        let how = comparison(op).ok_or_else(|| unsupported(whole, &format!("the operator {op} here")))?;
        let mut right = right;
        // As PostgreSQL writes a list of texts: `(ARRAY[…])::text[]`.
        while let syntax::Expr::Nested(inner) | syntax::Expr::Cast { expr: inner, .. } = right
            && !matches!(&**inner, syntax::Expr::Subquery(_))
        {
            right = inner;
        }
        let query = match right {
            syntax::Expr::Subquery(query) => query,
            syntax::Expr::Nested(it) if let syntax::Expr::Subquery(query) = &**it => query,
            syntax::Expr::Array(list) => return self.quantified_list(left, how, &list.elem, quantifier),
            _ => return Err(unsupported(right, "ANY and ALL of something other than a query or ARRAY[…]")),
        };
        let left = self.value_of(left)?.expr;
        let (select, _) = self.subquery(query)?;
        Ok(Typed::bool(Expr::Leaf(Leaf::Quantified(Box::new(left), how, quantifier, Box::new(select)))))
    }

    /// A comparison with any or all members of a list.
    fn quantified_list(
        &mut self,
        left: &syntax::Expr,
        how: Comparison,
        list: &[syntax::Expr],
        quantifier: Quantifier,
    ) -> Result<Typed> {
        let left = self.expr(left)?;
        let mut ways = Vec::with_capacity(list.len());
        for it in list {
            let it = self.expr(it)?;
            ways.push(self.compare(how, left.clone(), it).expr);
        }
        Ok(Typed::bool(if quantifier == Quantifier::Any { Expr::Or(ways) } else { Expr::And(ways) }))
    }

    fn scalar_subquery(&mut self, query: &Query) -> Result<Typed> {
        let (mut select, fields) = self.subquery(query)?;
        let [field] = &fields[..] else {
            return Err(wrong(query, format!("one value is wanted, the query brings {} columns", fields.len())));
        };
        if self.dialect.is_sqlite() && select.limit.is_none() && !brings_one_row(&select) {
            // SQLite takes the first of several.
            select = select.limit(1);
        }
        let typed = Typed { kind: field.kind, affinity: field.affinity, ..Typed::constant(Value::Null) };
        Ok(Typed { expr: Expr::Leaf(Leaf::Scalar(Box::new(select))), ..typed })
    }

    fn case(
        &mut self,
        operand: Option<&syntax::Expr>,
        arms: &[CaseWhen],
        otherwise: Option<&syntax::Expr>,
    ) -> Result<Typed> {
        let operand = operand.map(|it| self.expr(it)).transpose()?;
        let mut conditions = Vec::with_capacity(arms.len());
        let mut outcomes = Vec::with_capacity(arms.len() + 1);
        for arm in arms {
            let condition = self.expr(&arm.condition)?;
            conditions.push(match &operand {
                Some(operand) => self.compare(Comparison::Equal, operand.clone(), condition).expr,
                None => self.condition(condition),
            });
            outcomes.push(self.value_of(&arm.result)?);
        }
        let ends = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            outcomes.push(self.value_of(otherwise)?);
        }
        let outcomes = self.unified(outcomes);
        let kind = Self::common_kind(&outcomes);
        let mut outcomes: Vec<Expr<Leaf>> = outcomes.into_iter().map(|it| it.expr).collect();
        let otherwise = if ends { outcomes.pop() } else { None };
        let arms = conditions.into_iter().zip(outcomes).collect();
        Ok(Typed { kind, ..Typed::unknown(Expr::Case(Box::new(Case { arms, otherwise }))) })
    }

    fn cast(&mut self, of: &syntax::Expr, to: &syntax::DataType) -> Result<Typed> {
        let it = self.expr(of)?;
        let condition = it.kind == Some(Kind::Bool);
        let it = self.value(it);
        if self.dialect.is_sqlite() {
            let affinity = Affinity::of_type(&to.to_string());
            // A condition as a value is an integer already.
            if condition && affinity == Affinity::Integer {
                return Ok(Typed { affinity: Some(affinity), ..it });
            }
            let expr = Expr::Cast(Cast::Lenient(affinity), Box::new(it.expr));
            return Ok(Typed { kind: affinity.kind(), affinity: Some(affinity), ..Typed::unknown(expr) });
        }
        // A quoted constant is read as one of the type.
        let it = if kind_of(to, self.dialect) == Some(Kind::Bool) { typed_as(it, Some(Kind::Bool)) } else { it };
        let Some(kind) = kind_of(to, self.dialect) else { return Err(unsupported(of, &format!("CAST to {to}"))) };
        // The time of the statement is written as a cast, and read as one already.
        if matches!(&it.expr, Expr::Cast(Cast::To(same), _) if *same == kind) {
            return Ok(it);
        }
        Ok(Typed::of(Expr::Cast(Cast::To(kind), Box::new(it.expr)), kind))
    }
}

/// Whether a select brings exactly one row whatever the tables hold: it groups everything.
fn brings_one_row(select: &crate::query::Select) -> bool {
    use crate::query::Output;
    let aggregate = |it: &Output| {
        let mut found = false;
        if let Output::Value(it) = it {
            it.leaves(&mut |leaf| found |= matches!(leaf, Leaf::Aggregate(_)));
        }
        found
    };
    select.compounds.is_empty() && select.group_by.is_empty() && select.outputs.iter().any(aggregate)
}

/// The members of `(a, b)`, which is `ROW(a, b)` too.
fn row_of(it: &syntax::Expr) -> Option<Vec<&syntax::Expr>> {
    match it {
        syntax::Expr::Tuple(all) => Some(all.iter().collect()),
        syntax::Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("row") => {
            let syntax::FunctionArguments::List(list) = &call.args else { return None };
            let one = |it: &'_ syntax::FunctionArg| {
                matches!(it, syntax::FunctionArg::Unnamed(syntax::FunctionArgExpr::Expr(_)))
            };
            if !list.args.iter().all(one) {
                return None;
            }
            let members = list.args.iter().filter_map(|it| match it {
                syntax::FunctionArg::Unnamed(syntax::FunctionArgExpr::Expr(it)) => Some(it),
                _ => None,
            });
            Some(members.collect())
        }
        _ => None,
    }
}

pub(super) fn not(it: Typed) -> Typed {
    Typed::bool(Expr::Not(Box::new(it.expr)))
}

fn negate_if(negated: bool, it: Typed) -> Typed {
    if negated { not(it) } else { it }
}

fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        BinaryOperator::Assignment => Comparison::Equal,
        _ => return None,
    })
}

fn arithmetic(op: &BinaryOperator) -> Option<Arithmetic> {
    Some(match op {
        BinaryOperator::Plus => Arithmetic::Add,
        BinaryOperator::Minus => Arithmetic::Subtract,
        BinaryOperator::Multiply => Arithmetic::Multiply,
        BinaryOperator::Divide => Arithmetic::Divide,
        BinaryOperator::Modulo => Arithmetic::Remainder,
        BinaryOperator::BitwiseAnd => Arithmetic::BitAnd,
        BinaryOperator::BitwiseOr => Arithmetic::BitOr,
        BinaryOperator::PGBitwiseShiftLeft => Arithmetic::ShiftLeft,
        BinaryOperator::PGBitwiseShiftRight => Arithmetic::ShiftRight,
        _ => return None,
    })
}
