//! Owners whose members foreign key actions have led elsewhere: what was read of their collections is read again.
//!
//! The rows that actions change say it alone, whether their objects are at hand and whether these know of their owners.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::id::{ClassId, ColumnId, RelationId, TableId};
use crate::object::graph::Graph;
use crate::object::identity::Identity;
use crate::object::links::{Link, Since};
use crate::object::model::Join;
use crate::object::reference::ObjectKey;
use crate::object::session::Core;
use crate::object::state::State;
use crate::query::Acted;

/// A relation that leads to what refers to its owners by columns of a table.
struct Leading {
    class: ClassId,
    relation: RelationId,
    /// The columns, in the table.
    columns: Vec<ColumnId>,
    /// Whether they refer to the key by which owners are known.
    is_by_identity: bool,
}

/// How a session finds the object whose row has a key.
pub(super) type KnownBy<'k> = &'k dyn Fn(&Core, &(ClassId, Identity)) -> Option<ObjectKey>;

/// On which side of a statement owners are looked for, by the keys that they have then.
#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

/// An owner to whom a row referred before a statement, or refers after it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Met {
    owner: ObjectKey,
    relation: RelationId,
    /// What the row referred to and refers to, if that is the key of owners.
    by_identity: Option<(Option<Identity>, Option<Identity>)>,
}

impl Core {
    /// The owners to whom rows referred that actions have changed, while objects are known by their keys before.
    pub(super) fn owners_before(&self, acted: &[Acted], known: KnownBy<'_>) -> FxHashSet<Met> {
        self.owners(acted, Side::Before, known)
    }

    /// The relations that such rows have left and come to, each with its owner, once objects are known by their keys after.
    /// To an owner whose key has changed and was followed they refer as they did.
    pub(super) fn owners_to_read(
        &self,
        before: &FxHashSet<Met>,
        acted: &[Acted],
        known: KnownBy<'_>,
    ) -> Vec<(ObjectKey, RelationId)> {
        let after = self.owners(acted, Side::After, known);
        let moved = before.symmetric_difference(&after);
        moved.chain(after.iter().filter(|it| it.by_identity.is_none())).map(|it| (it.owner, it.relation)).collect()
    }

    fn owners(&self, acted: &[Acted], side: Side, known: KnownBy<'_>) -> FxHashSet<Met> {
        let mut leading: FxHashMap<TableId, Vec<Leading>> = FxHashMap::default();
        let mut found = FxHashSet::default();
        for it in acted {
            let Some(after) = &it.after else { continue };
            leading.entry(it.table).or_insert_with(|| self.leading_to(it.table)).retain(|by| {
                if by.columns.iter().all(|column| it.before.get(*column) == after.get(*column)) {
                    return true;
                }
                let met = |owner, by_identity| Met { owner, relation: by.relation, by_identity };
                let is_owner = |it: &ObjectKey| self.graph.is_a(*it, by.class);
                if !by.is_by_identity {
                    // What such an owner was called before is not kept, so all are asked, and once.
                    found.extend(self.graph.objects.keys().filter(is_owner).map(|it| met(it, None)));
                    return false;
                }
                let [before, after] = [&it.before, after].map(|row| Identity::of(&**row, &by.columns));
                let named = match side {
                    Side::Before => &before,
                    Side::After => &after,
                };
                let of = named.clone().map(|it| (self.graph.root(by.class), it));
                let owner = of.and_then(|of| known(self, &of)).filter(is_owner);
                found.extend(owner.map(|it| met(it, Some((before, after)))));
                true
            });
        }
        found
    }

    /// The relations that lead to rows of a table.
    fn leading_to(&self, table: TableId) -> Vec<Leading> {
        let model = &self.graph.model;
        let mut all = Vec::new();
        let declared = model.classes().iter().flat_map(|class| {
            let own = class.relations.iter().filter(|it| it.declared_by == class.id);
            own.flat_map(|it| std::iter::once(it).chain(&it.apart)).map(move |it| (class, it))
        });
        for (class, relation) in declared {
            let Join::Has { columns, own_columns, .. } = &relation.join else { continue };
            if columns.is_empty() {
                continue;
            }
            let part = model.class(relation.target).parts.iter().find(|it| it.table_id == table);
            let columns = part.and_then(|part| columns.iter().map(|it| part.column_of(*it)).collect());
            let is_by_identity = *own_columns == class.key;
            let (class, relation) = (class.id, relation.id);
            all.extend(columns.map(|columns| Leading { class, relation, columns, is_by_identity }));
        }
        all
    }

    /// Lets the relations be read again. What was done to them and is still to be written is kept.
    pub(super) fn forget_members(&mut self, relations: Vec<(ObjectKey, RelationId)>) {
        let stays =
            |graph: &Graph, it: ObjectKey| graph.objects.get(it).is_some_and(|it| it.state == State::Persistent);
        for (owner, relation) in relations {
            if !stays(&self.graph, owner) {
                continue;
            }
            match self.graph.link_mut(owner, relation) {
                Link::Many(collection) => collection.set_aside(),
                link @ Link::One { since: Since::Unchanged, .. } => *link = Link::Unloaded,
                Link::One { .. } | Link::Unloaded => continue,
            }
            // After a rollback it is read once more.
            self.frame().written.insert(owner);
        }
    }
}
