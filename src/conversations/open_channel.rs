//! Finds a channel and unseals its credentials. Cached: every message needs one.

use std::sync::Arc;

use anyhow::Context as _;

use super::Conversations;
use crate::channels::Account;
use crate::core::Core;
use crate::domain::channel::{ChannelKind, Credentials};
use crate::store::channels::{self, Channel};

/// A channel with its credentials in the clear.
pub struct OpenChannel {
    /// As it is stored.
    pub row: Arc<Channel>,
    /// Unsealed.
    pub credentials: Credentials,
}

impl OpenChannel {
    /// What sending over it takes.
    pub fn account(&self) -> Account<'_> {
        Account { api_base: &self.row.api_base, external_id: &self.row.external_id, credentials: &self.credentials }
    }
}

/// The channel that the platform knows by `external_id`.
pub async fn open_channel(
    conversations: &Conversations,
    kind: ChannelKind,
    external_id: &str,
) -> anyhow::Result<Option<Arc<OpenChannel>>> {
    let core = &conversations.core;
    let (now, key) = (core.clock.now(), format!("{}/{external_id}", kind.as_str()));
    if let Some(channel) = conversations.channels.get_fresh(&key, now) {
        return Ok(Some(channel));
    }
    let wanted = external_id.to_owned();
    match core.db.read(async move |conn| Ok(channels::find(conn, kind, &wanted).await?)).await? {
        Some(row) => {
            let channel = Arc::new(open(core, Arc::new(row))?);
            conversations.channels.insert(&key, channel.clone(), now);
            Ok(Some(channel))
        }
        None => {
            conversations.channels.remove(&key);
            Ok(None)
        }
    }
}

/// Unseals the credentials of a channel.
pub fn open(core: &Core, row: Arc<Channel>) -> anyhow::Result<OpenChannel> {
    let credentials = serde_json::from_str(&core.seal.open(row.place(), &row.sealed_credentials)?)
        .with_context(|| format!("reading the credentials of channel {}", row.external_id))?;
    Ok(OpenChannel { row, credentials })
}
