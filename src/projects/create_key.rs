//! Creates an API key for a partner.

use anyhow::ensure;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::store::audit;
use crate::store::keys::{self, Key};

/// Characters of the random part of a key: 238 bits.
const KEY_CHARS: usize = 40;
/// Characters of a key that are stored in clear text, to tell keys apart.
const PREFIX_CHARS: usize = 16;
/// Characters of a service's name.
pub const SERVICE_CHARS_MAX: usize = 64;

/// A new key: the only time that it can be read.
pub struct NewKey {
    /// What is stored of it.
    pub row: Key,
    /// What the partner sends as `Authorization: Bearer …`.
    pub key: String,
}

/// The hash of a key, as it is stored.
pub fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Creates a key for `service_name`: `external`, or a partner's name as in the paths of the API.
pub async fn create_key(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    service_name: String,
) -> anyhow::Result<NewKey> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    ensure!(
        (1..=SERVICE_CHARS_MAX).contains(&service_name.len()) && service_name.bytes().all(fits),
        "{service_name:?} is not a service name: it is part of URLs and has 1 to {SERVICE_CHARS_MAX} of a-z, 0-9, `-` and `_`"
    );
    let key = core.random.token("aurix_key_", KEY_CHARS);
    let (actor, public_id, now) = (actor.clone(), core.random.uuid().to_string(), core.clock.now());
    let (prefix, hash) = (key[..PREFIX_CHARS].to_owned(), hash(&key));
    let row = core
        .db
        .write(async move |tx| {
            let new = keys::NewKey { public_id: &public_id, service_name: &service_name, prefix: &prefix, hash: &hash };
            let key = keys::insert(tx, project, &new, now).await?;
            let change = Change::new(Action::CreateKey, Object::Key(public_id.clone()));
            let change = change.with(json!({"service_name": &service_name}));
            audit::record(tx, project, &actor, &change, now).await?;
            Ok(key)
        })
        .await?;
    Ok(NewKey { row, key })
}
