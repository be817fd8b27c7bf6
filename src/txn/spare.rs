//! The version before the current one, kept so that the next transaction may edit it in place.
//!
//! A transaction edits a version that nobody else holds. One made from the current version shares all its nodes, so the
//! first edit copies a path in every tree, and for one row that copying is most of the work. The version that a commit
//! has just replaced is different: once its readers are gone, nobody holds the nodes that this commit copied. Brought up
//! to date by the few rows that the commit changed, it serves as the next transaction's own, and paths that were copied
//! once are edited in place from then on. Two versions take turns, and readers see neither before it is published.
//!
//! Nothing depends on this but time: where a snapshot still holds a node of the spare, the edit copies it, as any edit
//! does (T4).

use super::Version;
use super::database::Shared;
use crate::id::{RowId, TableId};
use crate::schema::Schema;
use crate::store::Image;

/// After so many turns the two versions are let go of each other and share everything again, so that what they do not
/// share is bounded: in memory, and in what a comparison of two versions looks at.
const TURNS: usize = 64;

/// A commit that touched more slots than this leaves no spare: to bring it up to date would be work of its own.
pub(super) const WORTHWHILE: usize = 512;

/// A version that nobody sees.
pub(super) struct Spare {
    image: Image,
    /// The version that it is but for the slots below.
    version: Version,
    behind: Vec<(TableId, RowId)>,
    turns: usize,
}

impl Spare {
    /// What a commit has replaced by `version`, which differs in these slots.
    pub(super) fn replaced(
        image: Image,
        version: Version,
        behind: Vec<(TableId, RowId)>,
        turns: usize,
    ) -> Option<Self> {
        (turns < TURNS).then_some(Spare { image, version, behind, turns })
    }

    /// The image, when it has been brought up to the version.
    fn caught_up(mut self, schema: &Schema, current: &Image) -> (Image, usize) {
        self.image.catch_up(schema, current, &self.behind);
        (self.image, self.turns + 1)
    }
}

impl Shared {
    /// An image of a version for editing: the spare if there is one of it, otherwise one that shares everything.
    pub(super) fn editable(&self, version: Version, current: &Image) -> (Image, usize) {
        let spare = {
            let mut kept = self.spare.lock();
            if kept.as_ref().is_some_and(|it| it.version == version) { kept.take() } else { None }
        };
        match spare {
            Some(spare) => spare.caught_up(&self.schema, current),
            None => (current.clone(), 0),
        }
    }

    /// Gives back what was taken for a transaction that did not commit.
    pub(super) fn give_back(&self, image: Image, version: Version, behind: Vec<(TableId, RowId)>, turns: usize) {
        let unkept = {
            let current = self.head.read().version;
            let mut kept = self.spare.lock();
            if kept.is_none() && current == version && !self.keeps_history() {
                *kept = Spare::replaced(image, version, behind, turns.saturating_sub(1));
                None
            } else {
                Some(image)
            }
        };
        drop(unkept);
    }
}
