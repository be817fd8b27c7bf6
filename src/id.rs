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

/// Columns of one table. The first 64 stand in a word, so that most sets allocate nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet {
    first: u64,
    further: Vec<u64>,
}

impl ColumnSet {
    /// Adds a column, if it is one of those that are meant.
    #[inline]
    pub fn note(&mut self, column: ColumnId, is_meant: bool) {
        let (word, bit) = (column.index() / 64, u64::from(is_meant) << (column.index() % 64));
        match word {
            0 => self.first |= bit,
            _ => self.note_further(word - 1, bit),
        }
    }

    /// Few tables are that wide.
    #[cold]
    fn note_further(&mut self, word: usize, bit: u64) {
        if self.further.len() <= word {
            self.further.resize(word + 1, 0);
        }
        self.further[word] |= bit;
    }

    /// Whether a column is among them.
    #[inline]
    pub fn contains(&self, column: ColumnId) -> bool {
        let word = match column.index() / 64 {
            0 => self.first,
            word => self.further.get(word - 1).copied().unwrap_or(0),
        };
        word & 1 << (column.index() % 64) != 0
    }

    /// Whether one of some columns is among them.
    #[inline]
    pub fn contains_any(&self, columns: &[ColumnId]) -> bool {
        columns.iter().any(|&it| self.contains(it))
    }

    /// Adds those of another set.
    pub fn add(&mut self, other: &ColumnSet) {
        self.first |= other.first;
        other.further.iter().enumerate().for_each(|(word, &bits)| self.note_further(word, bits));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first == 0 && self.further.iter().all(|&it| it == 0)
    }

    /// The columns, in order.
    pub fn iter(&self) -> impl Iterator<Item = ColumnId> {
        let words = std::iter::once(&self.first).chain(&self.further).enumerate();
        words.flat_map(|(word, &bits)| {
            let mut rest = bits;
            std::iter::from_fn(move || {
                let at = rest.trailing_zeros();
                rest &= rest.checked_sub(1)?;
                Some(ColumnId((word * 64) as u16 + at as u16))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is noted is there, in order, also beyond the first word.
    #[test]
    fn a_set_of_columns_holds_what_was_noted() {
        let mut set = ColumnSet::default();
        assert!(set.is_empty());
        for column in [200, 0, 63, 64, 127, 128] {
            set.note(ColumnId(column), true);
        }
        set.note(ColumnId(7), false);
        set.note(ColumnId(300), false);
        assert_eq!(set.iter().map(ColumnId::index).collect::<Vec<_>>(), [0, 63, 64, 127, 128, 200]);
        assert!(set.contains(ColumnId(200)) && !set.contains(ColumnId(7)) && !set.contains(ColumnId(1000)));
        assert!(set.contains_any(&[ColumnId(1), ColumnId(64)]) && !set.contains_any(&[ColumnId(1), ColumnId(65)]));
        let mut both = ColumnSet::default();
        both.note(ColumnId(1), true);
        both.add(&set);
        assert_eq!(both.iter().count(), 7);
        assert!(!both.is_empty());
    }
}
