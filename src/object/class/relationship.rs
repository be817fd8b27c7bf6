//! A relation as it is declared.

use super::join::join_column;
use super::{Cascade, CollectionKind, JoinColumn, Lazy, PassiveDeletes};
use crate::expr::Expr;
use crate::query::Direction;
use crate::schema::{Action, Name};

/// A relation as it is declared.
#[derive(Clone, Debug)]
pub struct Relationship {
    pub(in crate::object) name: Name,
    pub(in crate::object) target: Name,
    pub(in crate::object) pattern: Pattern,
    pub(in crate::object) via: Vec<Name>,
    pub(in crate::object) inverse: Inverse,
    pub(in crate::object) cascade: Cascade,
    pub(in crate::object) lazy: Lazy,
    pub(in crate::object) order_by: Vec<(Expr<JoinColumn>, Direction)>,
    pub(in crate::object) passive_deletes: PassiveDeletes,
    pub(in crate::object) primary_join: Option<Expr<JoinColumn>>,
    pub(in crate::object) secondary_join: Option<Expr<JoinColumn>>,
    pub(in crate::object) foreign_keys: Vec<Name>,
    pub(in crate::object) remote_side: Vec<Name>,
    pub(in crate::object) uselist: Option<bool>,
    pub(in crate::object) view_only: bool,
    pub(in crate::object) sync_backref: Option<bool>,
    pub(in crate::object) passive_updates: bool,
    pub(in crate::object) post_update: bool,
    pub(in crate::object) single_parent: bool,
    pub(in crate::object) acyclic: bool,
    pub(in crate::object) ordered: bool,
    pub(in crate::object) inner_join: bool,
    pub(in crate::object) join_depth: Option<u32>,
    pub(in crate::object) active_history: bool,
    pub(in crate::object) collection: CollectionKind,
}

/// The relation on the other side, as this side declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::object) enum Inverse {
    /// None.
    Absent,
    /// The relation of this name, which names this one back.
    Mutual(Name),
    /// The relation of this name, which need not name this one.
    OneSided(Name),
    /// A relation of this name, which is made.
    Made(Name),
    /// The relation of this name, which leads to a base that has this relation too, if it leads to this class as well.
    OfBase(Name),
}

impl Inverse {
    /// Its name.
    pub(in crate::object) fn name(&self) -> Option<&Name> {
        match self {
            Inverse::Absent => None,
            Inverse::Mutual(name) | Inverse::OneSided(name) | Inverse::Made(name) | Inverse::OfBase(name) => Some(name),
        }
    }

    /// Its name, if it is made.
    pub(in crate::object) fn made(&self) -> Option<&Name> {
        match self {
            Inverse::Made(name) => Some(name),
            _ => None,
        }
    }
}

/// What a relation looks like from its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::object) enum Pattern {
    /// It is found: by the foreign keys of the two tables and what is said about the join.
    Found,
    /// The owner has the foreign key.
    BelongsTo,
    /// The target has the foreign key, and at most one row of it refers to an owner.
    HasOne,
    /// The target has the foreign key.
    HasMany,
    /// A table of two foreign keys stands between.
    ManyToMany(AssociationTable),
}

/// The table between the two sides of a many-to-many relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::object) struct AssociationTable {
    pub(in crate::object) table: Name,
    pub(in crate::object) own: Vec<Name>,
    pub(in crate::object) other: Vec<Name>,
    /// The action of its foreign keys, where the relation makes the table if nobody declares it.
    pub(in crate::object) made: Option<Action>,
}

impl Relationship {
    fn of(name: Name, target: Name, pattern: Pattern) -> Self {
        Relationship {
            name,
            target,
            pattern,
            via: Vec::new(),
            inverse: Inverse::Absent,
            cascade: Cascade::default(),
            lazy: Lazy::Select,
            order_by: Vec::new(),
            passive_deletes: PassiveDeletes::Inferred,
            primary_join: None,
            secondary_join: None,
            foreign_keys: Vec::new(),
            remote_side: Vec::new(),
            uselist: None,
            view_only: false,
            sync_backref: None,
            passive_updates: true,
            post_update: false,
            single_parent: false,
            acyclic: false,
            ordered: false,
            inner_join: false,
            join_depth: None,
            active_history: false,
            collection: CollectionKind::List,
        }
    }

    /// A relation whose direction is found: many-to-one where the owner refers to the target, one-to-many where the
    /// target refers to the owner, many-to-many with a [`secondary`](Relationship::secondary) table. Between a table
    /// and itself it is one-to-many, unless [`remote_side`](Relationship::remote_side) says otherwise.
    pub fn new(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::of(name.into(), target.into(), Pattern::Found)
    }

    /// Many-to-one, from the side that has the foreign key.
    pub fn belongs_to(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::of(name.into(), target.into(), Pattern::BelongsTo)
    }

    /// One-to-one, from the side without the foreign key.
    pub fn has_one(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::of(name.into(), target.into(), Pattern::HasOne)
    }

    /// One-to-many.
    pub fn has_many(name: impl Into<Name>, target: impl Into<Name>) -> Self {
        Relationship::of(name.into(), target.into(), Pattern::HasMany)
    }

    /// Many-to-many through a table of two foreign keys. The table is made unless a class or table declares it.
    pub fn many_to_many(name: impl Into<Name>, target: impl Into<Name>, through: impl Into<Name>) -> Self {
        let (own, other) = (Vec::new(), Vec::new());
        let between = AssociationTable { table: through.into(), own, other, made: Some(Action::Cascade) };
        Relationship::of(name.into(), target.into(), Pattern::ManyToMany(between))
    }

    /// The foreign key columns it follows: of the owner in `belongs_to`, of the target in `has_one` and `has_many`.
    /// Not needed where only one foreign key leads there or the inverse names it.
    pub fn via<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.via = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The columns of the association table that refer to the owner and to the target; only for many-to-many.
    pub fn columns<N: Into<Name>>(
        mut self,
        own: impl IntoIterator<Item = N>,
        other: impl IntoIterator<Item = N>,
    ) -> Self {
        if let Pattern::ManyToMany(between) = &mut self.pattern {
            between.own = own.into_iter().map(Into::into).collect();
            between.other = other.into_iter().map(Into::into).collect();
        }
        self
    }

    /// The relation of the target that is the other side of this one. Both move together, in memory, at once.
    pub fn inverse(mut self, name: impl Into<Name>) -> Self {
        self.inverse = Inverse::Mutual(name.into());
        self
    }

    /// As [`inverse`](Relationship::inverse), but the relation of the target need not name this one: then a change of
    /// this side moves the other, and a change of the other does not move this one.
    pub fn back_populates(mut self, name: impl Into<Name>) -> Self {
        self.inverse = Inverse::OneSided(name.into());
        self
    }

    /// Makes the other side, a relation of the target, under this name. It is history: who reads the target does not see
    /// it. Declare both sides and let them name each other with [`inverse`](Relationship::inverse) instead.
    pub fn backref(mut self, name: impl Into<Name>) -> Self {
        self.inverse = Inverse::Made(name.into());
        self
    }

    /// What follows the owner along this relation.
    pub fn cascade(mut self, cascade: Cascade) -> Self {
        self.cascade = cascade;
        self
    }

    /// How it is loaded unless a query says otherwise.
    pub fn lazy(mut self, lazy: Lazy) -> Self {
        self.lazy = lazy;
        self
    }

    /// The order of the collection: columns of the target, or `table.column` where a table of the target, or the table
    /// between, is meant.
    pub fn order_by(self, column: impl Into<Name>, direction: Direction) -> Self {
        self.order_by_expression(join_column(column), direction)
    }

    /// The order of the collection by what is computed from columns of the target, or of the table between; a column
    /// without a table is the target's. Like every order it is applied where members are read; a member that is added
    /// later stands at the end until the collection is read again.
    ///
    /// ```
    /// use diptych::object::join_column;
    /// use diptych::{Direction, Expression, Relationship};
    ///
    /// let by_title = join_column("title").lower();
    /// let books = Relationship::has_many("books", "Book").order_by_expression(by_title, Direction::Ascending);
    /// # let _ = books;
    /// ```
    pub fn order_by_expression(mut self, by: impl Into<Expr<JoinColumn>>, direction: Direction) -> Self {
        self.order_by.push((by.into(), direction));
        self
    }

    /// Who takes care of the targets when the owner is deleted.
    pub fn passive_deletes(mut self, passive: PassiveDeletes) -> Self {
        self.passive_deletes = passive;
        self
    }

    /// A table that is declared elsewhere and stands between owner and target.
    pub fn secondary(mut self, table: impl Into<Name>) -> Self {
        let (own, other) = (Vec::new(), Vec::new());
        self.pattern = Pattern::ManyToMany(AssociationTable { table: table.into(), own, other, made: None });
        self
    }

    /// The condition that joins the owner with the target, or with the table between, over
    /// [`join_column`](super::join_column)s.
    pub fn primary_join(mut self, condition: Expr<JoinColumn>) -> Self {
        self.primary_join = Some(condition);
        self
    }

    /// The condition that joins the table between with the target.
    pub fn secondary_join(mut self, condition: Expr<JoinColumn>) -> Self {
        self.secondary_join = Some(condition);
        self
    }

    /// The columns that refer, as `table.column`, where the foreign keys of the tables do not tell.
    pub fn foreign_keys<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.foreign_keys = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The columns of the join that are the target's, as `table.column`. Between a table and itself, its key makes the
    /// relation many-to-one.
    pub fn remote_side<N: Into<Name>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.remote_side = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Whether it leads to a collection, where the direction alone does not say what is meant.
    pub fn uselist(mut self, many: bool) -> Self {
        self.uselist = Some(many);
        self
    }

    /// It is read and never written.
    pub fn view_only(mut self) -> Self {
        self.view_only = true;
        self
    }

    /// Whether it moves with its inverse. A relation that is never written does not, unless this says so.
    pub fn sync_backref(mut self, sync: bool) -> Self {
        self.sync_backref = Some(sync);
        self
    }

    /// Who writes the foreign key of the targets when the key of an owner changes: the foreign key's action, which is
    /// the default, or the session.
    pub fn passive_updates(mut self, passive: bool) -> Self {
        self.passive_updates = passive;
        self
    }

    /// Whether the foreign key is written by a statement of its own after the insert and before the delete, so that
    /// rows can refer to each other.
    pub fn post_update(mut self, post: bool) -> Self {
        self.post_update = post;
        self
    }

    /// Whether a target has one owner at a time.
    pub fn single_parent(mut self, single: bool) -> Self {
        self.single_parent = single;
        self
    }

    /// Whether no object may be its own ancestor along it. Linking one below itself is refused, with the way around; what
    /// is needed of the ancestors is read for it. Foreign keys that are written by hand are not looked at.
    pub fn acyclic(mut self, acyclic: bool) -> Self {
        self.acyclic = acyclic;
        self
    }

    /// Whether the first column of its order holds the positions of the members, from 0: pushing, inserting, moving and
    /// removing members keeps them, from whichever side. The collection is read for it.
    pub fn ordered(mut self, ordered: bool) -> Self {
        self.ordered = ordered;
        self
    }

    /// Whether [`Lazy::Joined`] may join so that owners without a target are left out.
    pub fn inner_join(mut self, inner: bool) -> Self {
        self.inner_join = inner;
        self
    }

    /// How many levels of a relation that leads to its own class are loaded eagerly.
    pub fn join_depth(mut self, levels: u32) -> Self {
        self.join_depth = Some(levels);
        self
    }

    /// Whether the old target is loaded when another is set.
    pub fn active_history(mut self, active: bool) -> Self {
        self.active_history = active;
        self
    }

    /// What its collection is.
    pub fn collection(mut self, kind: CollectionKind) -> Self {
        self.collection = kind;
        self
    }
}
