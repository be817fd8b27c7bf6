//! What a dialect means: conditions as values and values as conditions, texts as numbers and numbers as texts.

use super::literal::numeric;
use super::scope::Reader;
use super::types::affinity;
use super::untyped::typed_as;
use crate::expr::{Affinity, Arithmetic, Case, Cast, Comparison, Expr, Function, Type};
use crate::query::Leaf;
use crate::value::{Kind, Value};

/// An expression and what is known of its outcome.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Typed {
    pub(super) expr: Expr<Leaf>,
    /// The kind of every outcome that is not NULL, where that is certain.
    pub(super) kind: Option<Kind>,
    /// What SQLite would rather have beside it in a comparison.
    pub(super) affinity: Option<Affinity>,
    /// Whether it is compared without regard to the case of ASCII letters.
    pub(super) caseless: bool,
}

impl Typed {
    pub(super) fn constant(value: Value) -> Self {
        let kind = value.kind();
        Typed { expr: Expr::Value(value), kind, affinity: None, caseless: false }
    }

    pub(super) fn unknown(expr: Expr<Leaf>) -> Self {
        Typed { expr, kind: None, affinity: None, caseless: false }
    }

    pub(super) fn of(expr: Expr<Leaf>, kind: Kind) -> Self {
        Typed { kind: Some(kind), ..Typed::unknown(expr) }
    }

    pub(super) fn bool(expr: Expr<Leaf>) -> Self {
        Typed::of(expr, Kind::Bool)
    }

    /// A function of these operands.
    pub(super) fn call(function: Function, operands: Vec<Typed>) -> Self {
        let known: Vec<Expr<Option<Kind>>> = operands.iter().map(known).collect();
        let kind = Expr::Call(function, known).typed(&mut |it| Type { kind: *it, nullable: true }).kind;
        let operands = operands.into_iter().map(|it| it.expr).collect();
        Typed { kind, ..Typed::unknown(Expr::Call(function, operands)) }
    }

    fn is_null(&self) -> bool {
        matches!(self.expr, Expr::Value(Value::Null))
    }

    fn is_number(&self) -> bool {
        matches!(self.kind, Some(Kind::Int | Kind::Float)) || self.is_null()
    }

    /// With ASCII letters in lower case, where it is a text.
    fn folded(self) -> Self {
        let lower = |it: Typed| Typed::call(Function::LenientLower, vec![it]);
        match self.kind {
            Some(Kind::Text) => lower(self),
            Some(_) => self,
            None => {
                let name = Expr::Call(Function::Typeof, vec![self.expr.clone()]);
                let is_text = Expr::Compare(Comparison::Equal, Box::new(name), Box::new(Expr::Value("text".into())));
                let arms = vec![(is_text, lower(self.clone()).expr)];
                let case = Case { arms, otherwise: Some(self.expr) };
                Typed::unknown(Expr::Case(Box::new(case)))
            }
        }
    }

    fn cast(self, to: Cast, kind: Kind) -> Self {
        Typed::of(Expr::Cast(to, Box::new(self.expr)), kind)
    }
}

/// What is known of an operand.
fn known(it: &Typed) -> Expr<Option<Kind>> {
    match &it.expr {
        Expr::Value(value) => Expr::Value(value.clone()),
        _ => Expr::Leaf(it.kind),
    }
}

/// What a text is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Purpose {
    /// To be a statement, which may be written as text again. Parameters are left as they are: around one that is
    /// converted, the text that is written and read again would have another conversion.
    Statement,
    /// To be run with its parameters, as SQLite would convert them.
    Run,
}

impl Reader<'_> {
    /// As a value that comes out or is computed with: in SQLite, a condition is 0 or 1.
    pub(super) fn value(&self, it: Typed) -> Typed {
        if it.kind != Some(Kind::Bool) || !self.dialect.is_sqlite() {
            return it;
        }
        match it.expr {
            Expr::Value(Value::Bool(holds)) => Typed::constant(Value::Int(holds.into())),
            expr => Typed { affinity: it.affinity, ..Typed::bool(expr).cast(Cast::To(Kind::Int), Kind::Int) },
        }
    }

    /// As it is ordered and grouped by.
    pub(super) fn ordered(&self, it: Typed) -> Expr<Leaf> {
        let caseless = it.caseless;
        let it = self.value(it);
        if caseless { it.folded().expr } else { it.expr }
    }

    /// As a condition: in SQLite, a number other than zero holds.
    pub(super) fn condition(&self, it: Typed) -> Expr<Leaf> {
        if !self.dialect.is_sqlite() {
            return typed_as(it, Some(Kind::Bool)).expr;
        }
        if it.kind == Some(Kind::Bool) || it.is_number() {
            return it.expr;
        }
        Expr::Call(Function::Condition, vec![it.expr])
    }

    /// A comparison, where in SQLite the column on one side may change the value on the other.
    pub(super) fn compare(&self, how: Comparison, a: Typed, b: Typed) -> Typed {
        let (a, b) = self.comparable(a, b);
        Typed::bool(Expr::Compare(how, Box::new(a.expr), Box::new(b.expr)))
    }

    /// Both sides of a comparison as they are compared.
    pub(super) fn comparable(&self, a: Typed, b: Typed) -> (Typed, Typed) {
        let caseless = a.caseless || b.caseless;
        let (a, b) = self.converted(a, b);
        if caseless { (a.folded(), b.folded()) } else { (a, b) }
    }

    fn converted(&self, a: Typed, b: Typed) -> (Typed, Typed) {
        if !self.dialect.is_sqlite() {
            let (of_a, of_b) = (a.kind, b.kind);
            return (typed_as(of_kind(a, of_b), of_b), typed_as(of_kind(b, of_a), of_a));
        }
        match (a.kind, b.kind) {
            (Some(Kind::Bool), Some(Kind::Bool)) => return (a, b),
            (Some(Kind::Bool), _) => {
                if let Some(constant) = as_bool(&b) {
                    return (a, constant);
                }
            }
            (_, Some(Kind::Bool)) => {
                if let Some(constant) = as_bool(&a) {
                    return (constant, b);
                }
            }
            _ => {}
        }
        let (a, b) = (self.value(a), self.value(b));
        match (Side::of(&a), Side::of(&b)) {
            (Side::Number, Side::Text | Side::Any) => (a, self.with_number(b)),
            (Side::Text | Side::Any, Side::Number) => (self.with_number(a), b),
            (Side::Text, Side::Any) => (a, self.with_text(b)),
            (Side::Any, Side::Text) => (self.with_text(a), b),
            _ => (a, b),
        }
    }

    /// A value beside a number column: a text that is a number becomes one.
    fn with_number(&self, it: Typed) -> Typed {
        let may_be_text =
            it.kind == Some(Kind::Text) || it.kind.is_none() && it.affinity.is_some() || self.is_converted(&it);
        match it.expr {
            Expr::Value(Value::Text(text)) => Typed::constant(numeric(&text).unwrap_or(Value::Text(text))),
            expr if may_be_text => Typed::unknown(Expr::Cast(Cast::Affine(Affinity::Numeric), Box::new(expr))),
            expr => Typed { expr, ..it },
        }
    }

    /// A value beside a text column: a number becomes a text.
    fn with_text(&self, it: Typed) -> Typed {
        let is_converted = self.is_converted(&it);
        match it.expr {
            Expr::Value(Value::Int(number)) => Typed::constant(number.to_string().into()),
            expr if matches!(it.kind, Some(Kind::Int | Kind::Float)) => {
                Typed::of(Expr::Cast(Cast::Affine(Affinity::Text), Box::new(expr)), Kind::Text)
            }
            expr if is_converted => Typed::unknown(Expr::Cast(Cast::Affine(Affinity::Text), Box::new(expr))),
            expr => Typed { expr, ..it },
        }
    }

    /// Whether it is a parameter that is converted when the statement runs.
    fn is_converted(&self, it: &Typed) -> bool {
        self.purpose == Purpose::Run && matches!(it.expr, Expr::Leaf(Leaf::Parameter(_)))
    }

    /// A value and those that it is looked for among, all as they are compared. In SQLite they are conditions where all
    /// of them can be: a condition is never equal to a number.
    pub(super) fn among(&self, of: Typed, items: Vec<Typed>) -> (Expr<Leaf>, Vec<Expr<Leaf>>) {
        if !self.dialect.is_sqlite() {
            let all = std::iter::once(of).chain(items).collect();
            let mut all = self.unified(all).into_iter().map(|it| it.expr);
            let of = all.next().unwrap_or(Expr::Value(Value::Null));
            return (of, all.collect());
        }
        let condition = |it: &Typed| it.kind == Some(Kind::Bool);
        let mut all = std::iter::once(&of).chain(&items);
        if all.clone().any(condition) && all.all(|it| condition(it) || it.is_null() || as_bool(it).is_some()) {
            let item = |it: Typed| as_bool(&it).unwrap_or(it).expr;
            return (item(of), items.into_iter().map(item).collect());
        }
        let caseless = of.caseless;
        let of = self.value(of);
        let item = |it: Typed| self.comparable(of.clone(), self.value(it)).1.expr;
        let items = items.into_iter().map(item).collect();
        (if caseless { of.folded().expr } else { of.expr }, items)
    }

    /// Arithmetic over operands of any sort: in SQLite, whatever they are becomes numbers.
    pub(super) fn arithmetic(&self, how: Arithmetic, a: Typed, b: Typed) -> Typed {
        let (mut a, mut b) = (self.value(a), self.value(b));
        if !self.dialect.is_sqlite() {
            let number = |it: &Typed| it.kind.filter(|it| matches!(it, Kind::Int | Kind::Float));
            (a, b) = (typed_as(a.clone(), number(&b)), typed_as(b, number(&a)));
        }
        let whole = |it: &Typed| it.kind == Some(Kind::Int) || it.is_null();
        let strict = match how {
            Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply | Arithmetic::Divide => {
                a.is_number() && b.is_number()
            }
            _ => whole(&a) && whole(&b),
        };
        if self.dialect.is_sqlite() && !strict {
            return Typed::call(Function::lenient(how), vec![a, b]);
        }
        let expr = Expr::Arithmetic(how, Box::new(known(&a)), Box::new(known(&b)));
        let kind = expr.typed(&mut |it| Type { kind: *it, nullable: true }).kind;
        let kind = kind.filter(|_| a.is_number() && b.is_number());
        Typed { kind, ..Typed::unknown(Expr::Arithmetic(how, Box::new(a.expr), Box::new(b.expr))) }
    }

    /// A function of one number, which has a reading for anything else in SQLite.
    pub(super) fn of_number(&self, it: Typed, strict: Function, lenient: Function) -> Typed {
        let it = self.value(it);
        let function = if it.is_number() || !self.dialect.is_sqlite() { strict } else { lenient };
        Typed::call(function, vec![it])
    }

    /// What is summed: in SQLite, texts count as the numbers they begin with.
    pub(super) fn summed(&self, it: Typed) -> Typed {
        if !self.dialect.is_sqlite() || it.is_number() {
            return it;
        }
        // Text that is no number counts as 0.0, so that the sum is a float, as in SQLite.
        match it.kind {
            Some(Kind::Text | Kind::Bytes) => it.cast(Cast::Lenient(Affinity::Real), Kind::Float),
            _ => Typed::call(Function::Number, vec![it]),
        }
    }

    /// As text: in SQLite, numbers are written as text by themselves.
    pub(super) fn text(&self, it: Typed) -> Typed {
        let it = self.value(it);
        let known = it.kind == Some(Kind::Text) || it.is_null();
        if known || !self.dialect.is_sqlite() && it.kind.is_none() {
            return it;
        }
        match self.dialect.is_sqlite() {
            true => it.cast(Cast::Lenient(Affinity::Text), Kind::Text),
            false => it.cast(Cast::To(Kind::Text), Kind::Text),
        }
    }

    /// One text behind another.
    pub(super) fn joined(&self, a: Typed, b: Typed) -> Typed {
        if self.dialect.is_sqlite() && [&a, &b].iter().any(|it| it.kind != Some(Kind::Text) && !it.is_null()) {
            return Typed::call(Function::LenientConcat, vec![self.value(a), self.value(b)]);
        }
        let (a, b) = (self.text(a), self.text(b));
        Typed::of(Expr::Call(Function::Concat, vec![a.expr, b.expr]), Kind::Text)
    }

    /// As a column of some kind takes it.
    pub(super) fn stored(&self, it: Typed, kind: Option<Kind>) -> Expr<Leaf> {
        let constant = matches!(it.expr, Expr::Value(_));
        let Some(kind) = kind else { return self.value(it).expr };
        let mut it = of_kind(it, Some(kind));
        if !self.dialect.is_sqlite() {
            it = Self::assigned_as(it, kind);
        }
        if it.kind == Some(kind) || it.is_null() || !self.dialect.is_sqlite() {
            return it.expr;
        }
        if kind == Kind::Bool {
            return as_bool(&it).unwrap_or(it).expr;
        }
        let Some(affinity) = affinity(Some(kind)) else { return it.expr };
        let it = self.value(it);
        let cast = Expr::Cast(Cast::Affine(affinity), Box::new(it.expr));
        // A constant is known at once.
        let known = constant.then(|| cast.evaluate(&Constant).map(|it| it.into_value()));
        match known {
            Some(Ok(value)) => Expr::Value(value),
            _ => cast,
        }
    }

    /// The kind that several outcomes have in common.
    pub(super) fn common_kind<'t>(all: impl IntoIterator<Item = &'t Typed>) -> Option<Kind> {
        let mut known: Option<Kind> = None;
        for it in all.into_iter().filter(|it| !it.is_null()) {
            match (known, it.kind) {
                (_, None) => return None,
                (None, kind) => known = kind,
                (Some(before), Some(kind)) if before != kind => return None,
                _ => {}
            }
        }
        known
    }
}

/// Which rule of comparison a side asks for.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Number,
    Text,
    Any,
}

impl Side {
    fn of(it: &Typed) -> Self {
        match it.affinity {
            Some(Affinity::Integer | Affinity::Real | Affinity::Numeric) => Side::Number,
            Some(Affinity::Text) => Side::Text,
            _ => Side::Any,
        }
    }
}

/// What stands around a constant: nothing.
struct Constant;

impl crate::expr::Environment<Leaf> for Constant {
    fn leaf<'a>(&'a self, _: &'a Leaf) -> crate::error::Result<crate::expr::Scalar<'a>> {
        Ok(crate::value::ValueRef::Null.into())
    }
}

/// A text constant beside a value of a kind that has no literals of its own is one of that kind, if it can be.
fn of_kind(it: Typed, kind: Option<Kind>) -> Typed {
    let plain = matches!(kind, None | Some(Kind::Bool | Kind::Int | Kind::Float | Kind::Text | Kind::Bytes));
    match (&it.expr, kind) {
        (Expr::Value(value @ Value::Text(_)), Some(kind)) if !plain => match Cast::To(kind).convert(value.as_ref()) {
            Ok(value) => Typed::constant(value),
            Err(_) => it,
        },
        _ => it,
    }
}

/// A constant as a condition, where it is 0 or 1.
fn as_bool(it: &Typed) -> Option<Typed> {
    match it.expr {
        Expr::Value(Value::Int(number @ (0 | 1))) => Some(Typed::constant(Value::Bool(number == 1))),
        _ => None,
    }
}
