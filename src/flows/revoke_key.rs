//! Revokes an API key: it opens nothing from now on.

use crate::app::App;
use crate::store::keys;

/// Revokes the key with that id; tells whether there was one to revoke.
pub async fn revoke_key(app: &App, key_id: &str) -> anyhow::Result<bool> {
    let (key_id, now) = (key_id.to_owned(), app.clock.now());
    app.db.write(async move |tx| Ok(keys::revoke(tx, &key_id, now).await?)).await
}
