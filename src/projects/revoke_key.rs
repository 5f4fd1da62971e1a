//! Revokes an API key: requests with it are refused from now on.

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::store::{audit, keys};

/// Revokes the project's key with that UUID; `false` where the project has no such key, or it was revoked before.
pub async fn revoke_key(core: &Core, actor: &Actor, project: ProjectId, public_id: &str) -> anyhow::Result<bool> {
    let (actor, public_id, now) = (actor.clone(), public_id.to_owned(), core.clock.now());
    core.db
        .write(async move |tx| {
            if !keys::revoke(tx, project, &public_id, now).await? {
                return Ok(false);
            }
            let change = Change::new(Action::RevokeKey, Object::Key(public_id.clone()));
            audit::record(tx, project, &actor, &change, now).await?;
            Ok(true)
        })
        .await
}
