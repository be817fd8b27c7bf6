//! One object, in as few bytes as it takes: a session that has read a million holds a million of them, writes each when
//! it is read and passes over it when it is looked at, and most of the time of both is memory.

use super::held::Held;
use super::state::State;
use crate::id::{ClassId, RowId};

/// What a session holds of one object: 28 bytes, 32 with its generation in the slot map, and nothing to drop. What only
/// some objects have stands on shelves, by number.
#[derive(Clone, Copy)]
pub(super) struct Object {
    /// The place of the row, or the number of the object's own row.
    place: Wide,
    /// The integer key, or the number of another key.
    key: Wide,
    /// The number of its links and one, or zero.
    links: u32,
    /// The version in which the row stands, or one of the two numbers below.
    source: u16,
    pub(super) class: ClassId,
    pub(super) state: State,
    /// Whether it is among the objects that the next flush looks at.
    pub(super) touched: bool,
    /// Whether the next flush deletes it.
    pub(super) marked: bool,
    kind: KeyKind,
}

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

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Unknown,
    Int,
    Other,
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
            kind: KeyKind::Unknown,
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
        match self.kind {
            KeyKind::Unknown => KnownBy::Nothing,
            KeyKind::Int => KnownBy::Int(self.key.get() as i64),
            KeyKind::Other => KnownBy::Other(self.key.0[0]),
        }
    }

    #[inline]
    pub(super) fn set_known_by(&mut self, known_by: KnownBy) {
        (self.kind, self.key) = match known_by {
            KnownBy::Nothing => (KeyKind::Unknown, self.key),
            KnownBy::Int(it) => (KeyKind::Int, Wide::of(it as u64)),
            KnownBy::Other(at) => (KeyKind::Other, Wide([at, 0])),
        };
    }

    /// The number of its links, once a relation of it was touched.
    #[inline]
    pub(super) fn links(&self) -> Option<u32> {
        self.links.checked_sub(1)
    }

    #[inline]
    pub(super) fn has_links(&self) -> bool {
        self.links > 0
    }

    pub(super) fn set_links(&mut self, at: Option<u32>) {
        self.links = at.map_or(0, |it| it + 1);
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
        object.set_links(Some(0));
        assert!(object.links() == Some(0) && object.has_links());
    }
}
