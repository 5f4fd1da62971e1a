//! Makes an API key for a partner.

use anyhow::ensure;
use sha2::{Digest as _, Sha256};

use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::store::keys::{self, Key};

/// Characters of the random part of a key: 238 bits.
const KEY_CHARS: usize = 40;
/// Characters of a key that are kept in the clear, to tell keys apart.
const PREFIX_CHARS: usize = 16;
/// Characters of a service's name.
pub const SERVICE_CHARS_MAX: usize = 64;

/// A new key: the only time that it can be seen.
pub struct NewKey {
    /// As it is stored.
    pub row: Key,
    /// What the partner sends as `Authorization: Bearer …`.
    pub key: String,
}

/// What is stored of a key.
pub fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Makes a key for `service_name`: `external`, or a partner's name as it stands in paths.
pub async fn create_key(core: &Core, project: ProjectId, service_name: String) -> anyhow::Result<NewKey> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    ensure!(
        (1..=SERVICE_CHARS_MAX).contains(&service_name.len()) && service_name.bytes().all(fits),
        "a service's name has 1 to {SERVICE_CHARS_MAX} of a-z, 0-9, `-` and `_`, because it stands in paths: {service_name:?} does not"
    );
    let key = core.random.token("aurix_key_", KEY_CHARS);
    let (public_id, now) = (core.random.uuid().to_string(), core.clock.now());
    let (prefix, hash) = (key[..PREFIX_CHARS].to_owned(), hash(&key));
    let row = core
        .db
        .write(async move |tx| {
            let new = keys::NewKey { public_id: &public_id, service_name: &service_name, prefix: &prefix, hash: &hash };
            Ok(keys::insert(tx, project, &new, now).await?)
        })
        .await?;
    Ok(NewKey { row, key })
}
