//! The numbers that stand for names once a schema is built. Each is a type of its own, so that none is taken for another.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) $inner);

        impl $name {
            /// The id with this position.
            #[inline]
            pub const fn new(position: $inner) -> Self {
                $name(position)
            }

            /// The position as an index.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A table of a schema, by position.
    TableId(u16);
    /// A column of its table, by position.
    ColumnId(u16);
    /// An index (a unique key included) of its table, by position.
    IndexId(u16);
    /// A relation of its class, by position.
    RelationId(u16);
    /// A class of a model, by position.
    ClassId(u16);
    /// A foreign key of a schema, by position over all tables.
    ReferenceId(u16);
    /// A sequence of a schema, by position.
    SequenceId(u16);
    /// A row's slot in its table: it keeps the slot for life.
    RowId(u64);
}
