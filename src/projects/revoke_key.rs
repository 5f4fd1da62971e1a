//! Revokes an API key: it opens nothing from now on.

use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::store::keys;

/// Revokes the project's key with that id; `false` where it has no such key, or revoked it before.
pub async fn revoke_key(core: &Core, project: ProjectId, key_id: &str) -> anyhow::Result<bool> {
    let (key_id, now) = (key_id.to_owned(), core.clock.now());
    core.db.write(async move |tx| Ok(keys::revoke(tx, project, &key_id, now).await?)).await
}
