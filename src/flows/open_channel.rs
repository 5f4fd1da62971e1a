//! Finds a channel and opens its sealed credentials. What was found is kept for a moment: every message asks for it.

use std::sync::Arc;

use anyhow::Context as _;

use crate::app::App;
use crate::domain::channel::Credentials;
use crate::store::channels::{self, Channel};

/// A channel with its credentials in the clear.
pub struct OpenChannel {
    /// As it is stored.
    pub row: Arc<Channel>,
    /// Opened.
    pub credentials: Credentials,
}

/// The channel that the platform knows by `channel_id`.
pub async fn open_channel(app: &App, kind: &'static str, channel_id: &str) -> anyhow::Result<Option<Arc<OpenChannel>>> {
    let (now, key) = (app.clock.now(), format!("{kind}/{channel_id}"));
    if let Some(channel) = app.channels.get_fresh(&key, now) {
        return Ok(Some(channel));
    }
    let wanted = channel_id.to_owned();
    match app.db.read(async move |conn| Ok(channels::find(conn, kind, &wanted).await?)).await? {
        Some(row) => {
            let channel = Arc::new(open(app, Arc::new(row))?);
            app.channels.keep(&key, channel.clone(), now);
            Ok(Some(channel))
        }
        None => {
            app.channels.forget(&key);
            Ok(None)
        }
    }
}

/// Opens the credentials of a channel.
pub fn open(app: &App, row: Arc<Channel>) -> anyhow::Result<OpenChannel> {
    let credentials = serde_json::from_str(&app.seal.open(&row.sealed_credentials)?)
        .with_context(|| format!("reading the credentials of channel {}", row.channel_id))?;
    Ok(OpenChannel { row, credentials })
}
