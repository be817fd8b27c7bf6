//! The code of each mistake. `ERRORS.md` has one section for each, and `tests/ui` at least one case.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// What is wrong, as a number that can be looked up.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $name = $number,)*
        }

        #[cfg(test)]
        impl Code {
            /// All of them.
            pub(crate) const ALL: &[Code] = &[$(Code::$name),*];
        }
    };
}

codes! {
    /// Not a struct with named fields.
    NotAStruct = 1,
    /// The struct has type or lifetime parameters.
    Generic = 2,
    /// No field is the key.
    NoKey = 3,
    /// `key(auto)` on a type that is no integer key.
    AutoKeyType = 4,
    /// `key(auto)` beside other keys.
    AutoKeyBesideKeys = 5,
    /// A key that may be absent.
    OptionalKey = 6,
    /// A key of more columns than a tuple of keys has.
    WideKey = 7,
    /// An attribute of a field above the struct, or the other way round.
    Misplaced = 8,
    /// An attribute that cannot be read.
    Malformed = 9,
    /// A relation that does not say `name: Target`.
    NoTarget = 10,
    /// A word that no attribute knows.
    UnknownWord = 11,
    /// The same thing said twice.
    Twice = 12,
    /// A cascade, loader strategy, action or direction that there is not.
    UnknownChoice = 13,
    /// An option of another kind of relation.
    ForeignOption = 14,
    /// A field that is not there.
    UnknownField = 15,
    /// Two fields in one column.
    ColumnTaken = 16,
    /// A relation with the name of a field or of another relation.
    NameTaken = 17,
    /// A name that the derive gives to a function of its own.
    ReservedName = 18,
    /// `belongs_to` along fields that refer to nothing.
    NoReference = 19,
    /// `belongs_to` without `via` where no single foreign key offers itself.
    UnclearVia = 20,
    /// `belongs_to` and the foreign key name different entities.
    TargetsDiffer = 21,
    /// A field of type `Id<A>` that refers to `B`.
    IdOfAnother = 22,
    /// `set_null` on a field that is never absent.
    SetNullRequired = 23,
    /// `set_default` on a field without a default.
    SetDefaultMissing = 24,
    /// `many_to_many` without the table between.
    NoThrough = 25,
    /// `delete_orphan` on a side that does not own.
    OrphanSide = 26,
    /// `order_by` on a relation to one.
    OrderOfOne = 27,
    /// A value that is no enum and has not exactly one field.
    NotAValue = 28,
    /// A variant that holds data.
    VariantHolds = 29,
    /// An enum without variants.
    NoVariant = 30,
    /// Two variants with one text.
    TextTaken = 31,
    /// A text for what is stored as a number or as its field.
    TextOfNone = 32,
    /// A second base.
    TwoBases = 33,
    /// What a column has, on the row of the base.
    BaseIsNoColumn = 34,
    /// A key beside that of the base.
    KeyBesideBase = 35,
    /// A subclass without a value that tells its rows.
    NoIdentity = 36,
    /// A table beside the one that is `concrete`.
    TwoTables = 37,
    /// What a subclass says, where there is no base.
    NoBase = 38,
    /// What the first base says for all, in a subclass.
    SaidByBase = 39,
    /// An identity that no discriminator holds.
    NoDiscriminator = 40,
    /// A field that is the row of a base, and is not marked.
    UnmarkedBase = 41,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "D{:02}", *self as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code has a section in ERRORS.md, in order, and none has two.
    #[test]
    fn every_code_has_its_section() {
        let page = include_str!("../ERRORS.md");
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let sections: Vec<&str> = sections.iter().filter_map(|it| it.split_whitespace().next()).collect();
        let codes: Vec<String> = Code::ALL.iter().map(Code::to_string).collect();
        assert_eq!(sections, codes);
    }
}
