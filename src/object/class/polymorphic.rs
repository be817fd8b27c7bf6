//! How a class stands to its base and its subclasses.

use crate::schema::Name;
use crate::value::Value;

/// How the rows of a subclass stand to those of its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inheritance {
    /// It has a table of its own, whose key refers to the table of the base: an object is a row of each.
    Joined,
    /// Its rows stand in the table of the base.
    Single,
    /// It has a full table of its own, and keys of its own.
    Concrete,
}

/// When the columns of a subclass are loaded by a query on its base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SubclassLoad {
    /// On first access.
    #[default]
    OnAccess,
    /// With the objects, by one more statement for each subclass, which reads what the classes in between add as well.
    Selectin,
    /// With the objects, in the same statement.
    Inline,
}

/// Whether a query on a class loads the columns of all its subclasses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Only its own; each subclass says what it adds.
    #[default]
    Own,
    /// Those of all subclasses, by one joined statement.
    Subclasses,
    /// Those of all concrete subclasses, whose rows are read beside its own.
    Union,
}

/// What a class says about its place in an inheritance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polymorphic {
    pub(in crate::object) on: Option<Name>,
    pub(in crate::object) identity: Option<Value>,
    pub(in crate::object) kind: Option<Inheritance>,
    pub(in crate::object) reach: Reach,
    pub(in crate::object) load: SubclassLoad,
    pub(in crate::object) is_abstract: bool,
}

impl Polymorphic {
    /// The root of an inheritance whose column `on` tells the class of a row.
    pub fn on(column: impl Into<Name>) -> Self {
        Polymorphic { on: Some(column.into()), ..Polymorphic::default() }
    }

    /// A subclass of this kind, or with [`Inheritance::Concrete`] also the root of concrete classes.
    pub fn of(kind: Inheritance) -> Self {
        Polymorphic { kind: Some(kind), ..Polymorphic::default() }
    }

    /// What the discriminator holds in the rows of this class.
    pub fn identity(mut self, value: impl Into<Value>) -> Self {
        self.identity = Some(value.into());
        self
    }

    /// No object is of this class and of none below it: an abstract class. Queries on it give objects of the classes that
    /// extend it, and it needs no identity.
    ///
    /// ```
    /// use diptych::object::{Inheritance, Polymorphic};
    /// use diptych::prelude::*;
    /// use diptych::{Class, Column, Table};
    ///
    /// # fn main() -> Result<()> {
    /// let table = Table::new("staff").auto_key("id").column(Column::text("kind")).column(Column::text("name"));
    /// let of = |identity: &'static str| Polymorphic::of(Inheritance::Single).identity(identity);
    /// let database = Database::with_classes(
    ///     [
    ///         Class::new("Staff", table).polymorphic(Polymorphic::on("kind").identity("staff")),
    ///         Class::inheriting("Service", "Staff").polymorphic(Polymorphic::of(Inheritance::Single).without_rows()),
    ///         Class::inheriting("Cook", "Service").polymorphic(of("cook")),
    ///         Class::inheriting("Waiter", "Service").polymorphic(of("waiter")),
    ///     ],
    ///     [],
    /// )?;
    /// let mut session = database.session();
    /// session.untyped().add("Staff", &[("name", "Ann".into())])?;
    /// let cook = session.untyped().add("Cook", &[("name", "Eve".into())])?;
    /// assert_eq!(session.untyped().all("Service")?, [cook]);
    /// let refused = session.untyped().add("Service", &[("name", "Joe".into())]).expect_err("it is abstract");
    /// assert_eq!(refused.to_string(), "no object is a Service and nothing more: make a Cook or a Waiter");
    /// # Ok(())
    /// # }
    /// ```
    pub fn without_rows(mut self) -> Self {
        self.is_abstract = true;
        self
    }

    /// Queries on this class load the columns of all its subclasses.
    pub fn with_subclasses(mut self) -> Self {
        self.reach = Reach::Subclasses;
        self
    }

    /// Queries on this class read the rows of all its concrete subclasses too. The discriminator is then computed, and
    /// stands in no table.
    ///
    /// So do relations to this class whose foreign key its rows hold (`has_many`, `has_one`): objects of a subclass are
    /// members if their table has columns of the same names, are written there, and move a relation of their own that is
    /// called as that of this class, if they declare one. All tables are read by one statement; `joined` reads as
    /// `selectin`. A reference or a table between whose foreign key refers to rows of this class leads to these alone, and
    /// is refused an object of a subclass ([`Misuse::StandsApart`](crate::error::Misuse::StandsApart)).
    ///
    /// ```
    /// use diptych::object::{Inheritance, Polymorphic};
    /// use diptych::prelude::*;
    /// use diptych::{Class, Column, ForeignKey, Relationship, Table};
    ///
    /// # fn main() -> Result<()> {
    /// let table = |name: &'static str| {
    ///     let table = Table::new(name).auto_key("id").column(Column::int("box_id").nullable());
    ///     table.foreign_key(ForeignKey::new(["box_id"], "boxes"))
    /// };
    /// let back = || Relationship::belongs_to("box", "Box").inverse("shapes");
    /// let classes = [
    ///     Class::new("Box", Table::new("boxes").auto_key("id"))
    ///         .relation(Relationship::has_many("shapes", "Shape").inverse("box")),
    ///     Class::new("Shape", table("shapes"))
    ///         .polymorphic(Polymorphic::default().union("kind").identity("shape"))
    ///         .relation(back()),
    ///     Class::new("Circle", table("circles").column(Column::int("radius")))
    ///         .inherits("Shape")
    ///         .polymorphic(Polymorphic::of(Inheritance::Concrete).identity("circle"))
    ///         .relation(back()),
    /// ];
    /// let mut session = Database::with_classes(classes, [])?.session();
    /// let mut by_name = session.untyped();
    /// let owner = by_name.add("Box", &[])?;
    /// let circle = by_name.add("Circle", &[("radius", 2.into())])?;
    /// by_name.push(owner, "shapes", circle)?;
    /// assert_eq!(by_name.related(circle, "box")?, [owner]);
    /// session.commit()?;
    /// assert_eq!(session.untyped().related(owner, "shapes")?, [circle]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn union(mut self, discriminator: impl Into<Name>) -> Self {
        (self.reach, self.on) = (Reach::Union, Some(discriminator.into()));
        self.kind = Some(Inheritance::Concrete);
        self
    }

    /// When queries on the base load the columns of this class.
    pub fn load(mut self, load: SubclassLoad) -> Self {
        self.load = load;
        self
    }
}
