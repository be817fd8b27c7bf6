//! One object, in as few bytes as it takes: a session that has read a million holds a million of them, writes each when
//! it is read and passes over it when it is looked at, and most of the time of both is memory.

use super::held::Held;
use super::state::State;
use crate::id::{ClassId, RelationId, RowId};

/// What a session holds of one object: 28 bytes, 32 with its generation in the slot map, and nothing to drop. What only
/// some objects have stands on shelves, by number.
#[derive(Clone, Copy)]
pub(super) struct Object {
    /// The place of the row, or the number of the object's own row.
    place: Wide,
    /// The integer key, or the number of another key.
    key: Wide,
    /// The number of its links and one; or, under `READ`, which references were read; or zero.
    links: u32,
    /// The version in which the row stands, or one of the two numbers below.
    source: u16,
    pub(super) class: ClassId,
    pub(super) state: State,
    /// Whether it is among the objects that the next flush looks at.
    pub(super) touched: bool,
    /// Whether the next flush deletes it.
    pub(super) marked: bool,
    /// What kind of key it has, whether something is particular about its columns, what a flush has decided, and whether
    /// it is a ghost.
    bits: u8,
}

const KIND: u8 = 0b0000_0011;
const SPECIAL: u8 = 0b0000_0100;
const FATE: u8 = 0b0001_1000;
const GHOST: u8 = 0b0010_0000;

/// In `links`: what stands beside it is no number but the references that were read.
const READ: u32 = 1 << 31;
const NOTHING: u16 = u16::MAX;
const OWN: u16 = u16::MAX - 1;

/// Eight bytes that need no more than the alignment of four.
#[derive(Clone, Copy)]
struct Wide([u32; 2]);

impl Wide {
    #[inline]
    fn of(it: u64) -> Self {
        Wide([it as u32, (it >> 32) as u32])
    }

    #[inline]
    fn get(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }
}

const UNKNOWN: u8 = 0;
const INTEGER: u8 = 1;
const OTHER: u8 = 2;

/// What a flush has decided about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing: it is not part of it.
    None,
    /// It is inserted or updated.
    Save,
    /// It is deleted.
    Delete,
    /// It takes part without a statement of its own: another one changes its row.
    Listed,
}

/// The key by which a session knows an object, if it has one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownBy {
    Nothing,
    Int(i64),
    /// The number of a key that is no integer.
    Other(u32),
}

impl Object {
    #[inline]
    pub(super) fn new(class: ClassId, state: State, held: Held, known_by: KnownBy) -> Self {
        let nothing = Wide([0; 2]);
        let (touched, marked) = (false, false);
        let mut object = Object {
            place: nothing,
            key: nothing,
            links: 0,
            source: NOTHING,
            class,
            state,
            touched,
            marked,
            bits: UNKNOWN,
        };
        object.hold(held);
        object.set_known_by(known_by);
        object
    }

    /// Where its row is.
    #[inline]
    pub(super) fn held(&self) -> Held {
        match self.source {
            NOTHING => Held::Nothing,
            OWN => Held::Own(self.place.0[0]),
            version => Held::At { version, place: RowId(self.place.get()) },
        }
    }

    #[inline]
    pub(super) fn hold(&mut self, held: Held) {
        (self.source, self.place) = match held {
            Held::Nothing => (NOTHING, self.place),
            Held::Own(at) => (OWN, Wide([at, 0])),
            Held::At { version, place } => (version, Wide::of(place.index() as u64)),
        };
    }

    /// Whether its row has to be read again before it can be looked at.
    #[inline]
    pub(super) fn lacks_row(&self) -> bool {
        self.source == NOTHING
    }

    #[inline]
    pub(super) fn known_by(&self) -> KnownBy {
        match self.bits & KIND {
            INTEGER => KnownBy::Int(self.key.get() as i64),
            OTHER => KnownBy::Other(self.key.0[0]),
            _ => KnownBy::Nothing,
        }
    }

    #[inline]
    pub(super) fn set_known_by(&mut self, known_by: KnownBy) {
        let (kind, key) = match known_by {
            KnownBy::Nothing => (UNKNOWN, self.key),
            KnownBy::Int(it) => (INTEGER, Wide::of(it as u64)),
            KnownBy::Other(at) => (OTHER, Wide([at, 0])),
        };
        self.bits = self.bits & !KIND | kind;
        self.key = key;
    }

    /// Whether something is particular about its columns.
    #[inline]
    pub(super) fn is_special(&self) -> bool {
        self.bits & SPECIAL != 0
    }

    pub(super) fn set_special(&mut self, on: bool) {
        self.bits = self.bits & !SPECIAL | if on { SPECIAL } else { 0 };
    }

    /// What the flush that is under way has decided about it.
    #[inline]
    pub(super) fn fate(&self) -> Fate {
        match (self.bits & FATE) >> 3 {
            0 => Fate::None,
            1 => Fate::Save,
            2 => Fate::Delete,
            _ => Fate::Listed,
        }
    }

    pub(super) fn set_fate(&mut self, fate: Fate) {
        self.bits = self.bits & !FATE | (fate as u8) << 3;
    }

    /// Whether it is back in the session only to be deleted once more: its row was deleted before, and it is still called
    /// deleted. There are none in a sound session.
    #[inline]
    pub(super) fn is_ghost(&self) -> bool {
        self.bits & GHOST != 0
    }

    pub(super) fn set_ghost(&mut self, on: bool) {
        self.bits = self.bits & !GHOST | if on { GHOST } else { 0 };
    }

    /// The number of its links, once a relation of it was touched.
    #[inline]
    pub(super) fn links(&self) -> Option<u32> {
        if self.links & READ == 0 { self.links.checked_sub(1) } else { None }
    }

    /// Whether anything is known of what its relations lead to.
    #[inline]
    pub(super) fn knows_of_relations(&self) -> bool {
        self.links != 0
    }

    #[inline]
    pub(super) fn has_links(&self) -> bool {
        self.links().is_some()
    }

    pub(super) fn set_links(&mut self, at: Option<u32>) {
        self.links = at.map_or(0, |it| it + 1);
    }

    /// Notes that a reference was read and leads where the row's foreign key leads. As long as nothing else is known of
    /// the object's relations, that takes a bit; says whether it could be noted so.
    #[inline]
    pub(super) fn note_read(&mut self, relation: RelationId) -> bool {
        let fits = !self.has_links() && relation.index() < 31;
        if fits {
            self.links |= READ | 1 << relation.index();
        }
        fits
    }

    /// The same, if its row stands whole in a version, and it has a key.
    #[inline]
    pub(super) fn note_read_in(&mut self, version: u16, relation: RelationId) -> bool {
        let stands = self.source == version && version < OWN;
        stands && self.bits & KIND != UNKNOWN && !self.is_special() && self.note_read(relation)
    }

    /// Whether a reference was noted as read.
    #[inline]
    pub(super) fn was_read(&self, relation: RelationId) -> bool {
        self.links & READ != 0 && relation.index() < 31 && self.links & 1 << relation.index() != 0
    }

    /// The references that were noted as read, by position.
    pub(super) fn reads(&self) -> impl Iterator<Item = usize> + use<> {
        let mut noted = if self.links & READ == 0 { 0 } else { self.links & !READ };
        std::iter::from_fn(move || {
            let lowest = noted.trailing_zeros() as usize;
            (noted != 0).then(|| {
                noted &= noted - 1;
                lowest
            })
        })
    }

    /// Forgets which references were read.
    pub(super) fn forget_reads(&mut self) {
        if self.links & READ != 0 {
            self.links = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_small_and_gives_back_what_it_was_given() {
        assert_eq!(size_of::<Object>(), 28);
        let place = RowId::new(u64::MAX - 3);
        let at = Held::At { version: 7, place };
        let mut object = Object::new(ClassId::new(3), State::Persistent, at, KnownBy::Int(i64::MIN));
        assert!(object.held() == at && object.known_by() == KnownBy::Int(i64::MIN) && object.links().is_none());
        for held in [Held::Own(u32::MAX), Held::Nothing, at] {
            object.hold(held);
            assert!(object.held() == held && object.lacks_row() == (held == Held::Nothing));
        }
        for known_by in [KnownBy::Other(u32::MAX), KnownBy::Nothing, KnownBy::Int(-1)] {
            object.set_known_by(known_by);
            assert!(object.known_by() == known_by);
        }
        assert!(object.note_read(RelationId::new(3)) && object.was_read(RelationId::new(3)) && !object.has_links());
        assert!(!object.was_read(RelationId::new(2)) && object.reads().eq([3]));
        object.set_special(true);
        object.set_fate(Fate::Listed);
        object.set_ghost(true);
        assert!(object.is_special() && object.fate() == Fate::Listed && object.known_by() == KnownBy::Int(-1));
        object.set_fate(Fate::None);
        assert!(object.is_ghost() && object.is_special() && object.fate() == Fate::None);
        object.set_links(Some(0));
        assert!(object.links() == Some(0) && object.has_links());
    }
}
