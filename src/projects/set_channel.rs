//! Sets how a channel behaves: how fast it sends, and whether it leaves groups.

use anyhow::ensure;
use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::store::channels::{self, Channel};
use crate::store::{audit, reply_pace};

/// The fastest pace that can be set: Meta grants no number more.
pub const RATE_MAX: u32 = 1_000;

/// How a channel behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelSettings {
    /// Replies a second at most; `None` for what its platform allows by default.
    pub rate_per_second: Option<u32>,
    /// Whether it leaves groups that it is added to.
    pub leaves_groups: bool,
}

/// Sets how a channel behaves.
pub async fn set_channel(
    core: &Core,
    actor: &Actor,
    channel: &Channel,
    settings: ChannelSettings,
) -> anyhow::Result<()> {
    let ChannelSettings { rate_per_second, leaves_groups } = settings;
    ensure!(
        rate_per_second.is_none_or(|rate| (1..=RATE_MAX).contains(&rate)),
        "the messages a second must be a number from 1 to {RATE_MAX}"
    );
    let (actor, project, id, now) = (actor.clone(), channel.project, channel.id, core.clock.now());
    let object = Object::Channel(channel.external_id.clone());
    let change = Change::new(Action::UpdateChannel, object)
        .with(json!({"rate_per_second": rate_per_second, "leaves_groups": leaves_groups}));
    core.db
        .write(async move |tx| {
            reply_pace::set_rate(tx, project, id, rate_per_second).await?;
            channels::set_leaves_groups(tx, project, id, leaves_groups).await?;
            audit::record(tx, project, &actor, &change, now).await?;
            Ok(())
        })
        .await
}
