//! Classes whose rows are structs of the program, and how one extends another.

use std::sync::Arc;

use super::{Class, Inheritance, Inverse, Pattern, Polymorphic, Relationship};
use crate::object::entity::{Entity, Extends};
use crate::record::Row;
use crate::schema::Table;

/// What is known of a class whose rows are structs.
#[derive(Clone, Debug)]
pub(in crate::object) struct Structure {
    /// A draft of a row.
    pub(in crate::object) prototype: Row,
    /// All columns of the struct, those of its base first, as a table of its own would have them.
    pub(in crate::object) whole: Table,
}

impl Class {
    /// A class whose rows are the structs `E`.
    pub fn of<E: Entity>(table: Table) -> Self {
        let prototype: Row = Arc::new(E::draft());
        let structure = Structure { prototype: prototype.clone(), whole: table.clone() };
        Class { structure: Some(structure), ..Class::new(E::CLASS, table.of_records(prototype)) }
    }

    /// A class whose rows are the structs `E`, each of which begins with a row of its base. What it adds stands in `own`:
    /// in a table of this name, or, in the table of its base, beside what is there.
    pub fn extending<E: Extends>(own: Table, polymorphic: Polymorphic) -> Self {
        let base = <E::Base as Entity>::declare();
        let of_base = base.structure.as_ref().map_or_else(|| Table::new(E::Base::TABLE), |it| it.whole.clone());
        let whole = own.clone().beginning_as(&of_base);
        let prototype: Row = Arc::new(E::draft());
        let structure = Some(Structure { prototype: prototype.clone(), whole: whole.clone() });
        let kind = polymorphic.kind.unwrap_or(Inheritance::Single);
        let (name, polymorphic) = (Some(base.name.clone()), Some(polymorphic));
        let class = Class { base: name, polymorphic, structure, ..Class::bare(E::CLASS.into()) };
        match kind {
            Inheritance::Single => Class { added: Some(own), ..class },
            Inheritance::Joined => Class { table: Some(own.keyed_as(&of_base, E::Base::TABLE)), ..class },
            Inheritance::Concrete => Class {
                table: Some(whole.of_records(prototype)),
                relations: base.relations.iter().filter(|it| it.is_repeated()).map(Relationship::repeated).collect(),
                version_column: base.version_column,
                ..class
            },
        }
    }
}

impl Relationship {
    /// Whether a class with a whole table of its own has the relation of its base again: it has the foreign key.
    pub(in crate::object) fn is_repeated(&self) -> bool {
        self.pattern == Pattern::BelongsTo
    }

    /// The same relation of another table. Its other side is that of the base, where that leads to rows of both.
    fn repeated(&self) -> Self {
        let inverse = self.inverse.name().map_or(Inverse::Absent, |it| Inverse::OfBase(it.clone()));
        Relationship { inverse, ..self.clone() }
    }
}
