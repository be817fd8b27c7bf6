//! Steps that move objects between states, and those that end transactions.

use diptych::{AnyRef, State};
use serde_json::Value as Json;

use super::Given;
use crate::case::{text, texts};
use crate::fault::{Fault, unsupported};
use crate::world::World;

pub fn on_object(world: &mut World<'_>, step: &Json) -> Given {
    if text(step, "op") == "add_all" {
        for object in world.objects(&step["objs"])? {
            world.untyped().save(object)?;
        }
        return Ok(None);
    }
    let object = world.object(text(step, "obj"))?;
    let attributes = texts(step, "attrs");
    let mut by_name = world.untyped();
    match text(step, "op") {
        "add" => by_name.save(object)?,
        "delete" => by_name.delete(object)?,
        "expunge" => by_name.expunge(object)?,
        "expire" => by_name.expire(object, &attributes)?,
        "refresh" => by_name.refresh(object, &attributes)?,
        "make_transient" => by_name.make_transient(object)?,
        "make_detached" => by_name.make_detached(object)?,
        "merge" => {
            let merged = by_name.merge(object, step.get("load") != Some(&Json::Bool(false)))?;
            world.bind_all(step.get("as"), &[merged]);
            return Ok(Some(world.reference(merged)?.into()));
        }
        other => return unsupported(format!("the step `{other}`")),
    }
    Ok(None)
}

pub fn on_session(world: &mut World<'_>, step: &Json) -> Given {
    let session = &mut world.session;
    match text(step, "op") {
        "flush" => session.flush()?,
        "commit" => session.commit()?,
        "rollback" => session.rollback()?,
        "savepoint" => session.savepoint()?,
        "release" => session.release()?,
        "rollback_to" => session.rollback_to()?,
        "expunge_all" => session.untyped().expunge_all()?,
        "expire_all" => session.expire_all(),
        "close" => session.untyped().close()?,
        // A session that was closed can be used as a new one. What it still calls deleted goes with the session before.
        "new_session" => {
            session.untyped().close()?;
            world.unheard(let_go_of_deleted)?;
            world.configure();
        }
        other => return Err(Fault::Unsupported(format!("the step `{other}`"))),
    }
    Ok(None)
}

fn let_go_of_deleted(world: &mut World<'_>) -> Result<(), Fault> {
    let objects: Vec<AnyRef> = world.labels.values().copied().collect();
    for object in objects {
        if world.untyped().status(object)?.state == State::Deleted {
            world.untyped().expunge(object)?;
        }
    }
    Ok(())
}
