//! Looks whether a channel works: what its platform says of the set-up.

use std::sync::Arc;

use crate::channels::{self, Finding};
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::store::channels::Channel;

/// Where a channel's platform sends what people write.
pub fn webhook_url(base_url: &str, channel: &Channel) -> String {
    format!("{base_url}/channels/{}/{}/webhook", channel.kind.as_str(), channel.external_id)
}

/// What the platform says of a channel.
pub async fn check_channel(core: &Core, channel: Channel) -> anyhow::Result<Vec<Finding>> {
    let url = webhook_url(&core.config.base_url, &channel);
    let open = open(core, Arc::new(channel))?;
    Ok(channels::check(&core.platform_client, open.account(), open.row.number.as_deref(), &url).await)
}
