//! What a case wants to be logged of what happens to objects.

use diptych::AnyRef;
use diptych::object::{Event, RowStep, StateChange};
use serde_json::{Value as Json, json};

use crate::case::{list, text, texts};
use crate::fault::Fault;
use crate::world::World;

/// An event as the case logs it; none if it does not want to know.
pub fn logged(world: &mut World<'_>, event: &Event) -> Result<Option<Json>, Fault> {
    Ok(match event {
        Event::Appended { owner, relation, member } => of_member(world, "append", *owner, relation, *member)?,
        Event::Removed { owner, relation, member } => of_member(world, "remove", *owner, relation, *member)?,
        Event::Set { owner, relation, target, before } => {
            if !wants_attribute(world, *owner, relation, "set")? {
                return Ok(None);
            }
            let mut name = |it: &Option<AnyRef>| match it {
                Some(it) => Ok::<_, Fault>(Json::from(world.reference(*it)?)),
                None => Ok(Json::Null),
            };
            let (target, before) = (name(target)?, name(before)?);
            Some(json!(["set", world.reference(*owner)?, relation, target, before]))
        }
        Event::Row { object, step } => {
            let kind = row_step(*step);
            let class = world.untyped().class_of(*object)?;
            let wanted = list(world.case, "events")
                .iter()
                .any(|it| texts(it, "mapper").contains(&kind) && world.is_a(&class, text(it, "class")));
            if wanted { Some(json!([kind, world.reference(*object)?])) } else { None }
        }
        Event::State { object, change } => {
            let kind = state_change(*change);
            let wanted = list(world.case, "events").iter().any(|it| texts(it, "objects").contains(&kind));
            if wanted { Some(json!([kind, world.reference(*object)?])) } else { None }
        }
    })
}

fn of_member(
    world: &mut World<'_>,
    kind: &str,
    owner: AnyRef,
    relation: &str,
    member: AnyRef,
) -> Result<Option<Json>, Fault> {
    if !wants_attribute(world, owner, relation, kind)? {
        return Ok(None);
    }
    Ok(Some(json!([kind, world.reference(owner)?, relation, world.reference(member)?])))
}

fn wants_attribute(world: &mut World<'_>, owner: AnyRef, attribute: &str, kind: &str) -> Result<bool, Fault> {
    let class = world.untyped().class_of(owner)?;
    Ok(list(world.case, "events").iter().any(|it| {
        text(it, "attr") == attribute && texts(it, "on").contains(&kind) && world.is_a(&class, text(it, "class"))
    }))
}

fn row_step(step: RowStep) -> &'static str {
    match step {
        RowStep::BeforeInsert => "before_insert",
        RowStep::AfterInsert => "after_insert",
        RowStep::BeforeUpdate => "before_update",
        RowStep::AfterUpdate => "after_update",
        RowStep::BeforeDelete => "before_delete",
        RowStep::AfterDelete => "after_delete",
    }
}

fn state_change(change: StateChange) -> &'static str {
    match change {
        StateChange::TransientToPending => "transient_to_pending",
        StateChange::PendingToTransient => "pending_to_transient",
        StateChange::PendingToPersistent => "pending_to_persistent",
        StateChange::PersistentToTransient => "persistent_to_transient",
        StateChange::PersistentToDeleted => "persistent_to_deleted",
        StateChange::PersistentToDetached => "persistent_to_detached",
        StateChange::DeletedToPersistent => "deleted_to_persistent",
        StateChange::DeletedToDetached => "deleted_to_detached",
        StateChange::DetachedToPersistent => "detached_to_persistent",
        StateChange::LoadedAsPersistent => "loaded_as_persistent",
    }
}
