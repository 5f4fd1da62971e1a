//! Finds a channel and opens its sealed credentials.

use anyhow::Context as _;

use crate::app::App;
use crate::domain::channel::Credentials;
use crate::store::channels::{self, Channel};

/// A channel with its credentials in the clear.
pub struct OpenChannel {
    /// As it is stored.
    pub row: Channel,
    /// Opened.
    pub credentials: Credentials,
}

/// The channel that the platform knows by `channel_id`.
pub async fn open_channel(app: &App, kind: &'static str, channel_id: &str) -> anyhow::Result<Option<OpenChannel>> {
    let wanted = channel_id.to_owned();
    let found = app.db.read(async move |conn| Ok(channels::find(conn, kind, &wanted).await?)).await?;
    found.map(|row| open(app, row)).transpose()
}

/// Opens the credentials of a channel.
pub fn open(app: &App, row: Channel) -> anyhow::Result<OpenChannel> {
    let credentials = serde_json::from_str(&app.seal.open(&row.sealed_credentials)?)
        .with_context(|| format!("reading the credentials of channel {}", row.channel_id))?;
    Ok(OpenChannel { row, credentials })
}
