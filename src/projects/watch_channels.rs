//! Looks from time to time whether platforms still send here what people write, and how long they take our tokens: another program can
//! take a bot without a word.

use std::sync::Arc;

use futures_util::future::join_all;

use super::check_channel::webhook_url;
use crate::channels::telegram::api::TOKEN_REFUSED;
use crate::channels::{self, Sight};
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::db::Tx;
use crate::domain::channel::ChannelKind;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::channels::{self as rows, Channel};

/// How long after a channel was added its platform is asked first.
pub const CHECK_FIRST_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// Channels that are asked about at once.
const AT_ONCE_MAX: u32 = 16;

/// Asks the platforms of channels that are due, and notes what is wrong. Gives how many were asked about.
pub async fn watch_channels(core: &Core) -> anyhow::Result<usize> {
    let now = core.clock.now();
    let claim = async move |tx: &Tx| {
        let mut due = Vec::new();
        for kind in ChannelKind::ALL {
            let Some(every) = kind.check_every() else { continue };
            due.extend(rows::claim_checks(tx, kind, (now, now + every), AT_ONCE_MAX).await?);
        }
        Ok(due)
    };
    let due = core.db.write(claim).await?;
    let looks = join_all(due.iter().map(async |channel| look(core, channel).await)).await;
    for (channel, sight) in due.iter().zip(looks) {
        let sight = sight?;
        let was_refused = channel.fault.as_ref().is_some_and(|fault| fault.reason == TOKEN_REFUSED);
        if was_refused && matches!(sight, Sight::Fine | Sight::Astray(_)) {
            note_credentials(core, channel, None).await?;
        }
        match sight {
            Sight::TokenUntil(expires_at) => note_expiry(core, channel, expires_at).await?,
            Sight::Fine if channel.inbound_fault.is_some() => note_look(core, channel, None).await?,
            Sight::Astray(why) => note_look(core, channel, Some(why)).await?,
            Sight::Refused(why) => note_credentials(core, channel, Some(why)).await?,
            Sight::Fine | Sight::Unknown => {}
        }
    }
    Ok(due.len())
}

async fn look(core: &Core, channel: &Channel) -> anyhow::Result<Sight> {
    let url = webhook_url(&core.config.base_url, channel);
    let open = open(core, Arc::new(channel.clone()))?;
    Ok(channels::look(&core.platform_client, open.account(), &url, core.clock.now()).await)
}

/// Notes what keeps messages from arriving at a channel, or that nothing does.
pub(super) async fn note_look(core: &Core, channel: &Channel, wrong: Option<String>) -> anyhow::Result<()> {
    let (project, id, now) = (channel.project, channel.id, core.clock.now());
    if let Some(why) = &wrong {
        tracing::warn!(channel = channel.external_id, why, "a channel gets no messages");
    }
    core.db
        .write(async move |tx| Ok(rows::set_inbound_fault(tx, project, id, wrong.as_deref(), now).await?))
        .await
        .map(drop)
}

/// Notes until when a platform takes the credentials.
async fn note_expiry(core: &Core, channel: &Channel, expires_at: Option<Timestamp>) -> anyhow::Result<()> {
    let (project, id) = (channel.project, channel.id);
    core.db.write(async move |tx| Ok(rows::set_token_expiry(tx, project, id, expires_at).await?)).await.map(drop)
}

/// Notes that a platform does not take the credentials any more, so that nothing can be sent until they are replaced; or takes them again.
async fn note_credentials(core: &Core, channel: &Channel, wrong: Option<String>) -> anyhow::Result<()> {
    let (project, id, now) = (channel.project, channel.id, core.clock.now());
    tracing::warn!(
        channel = channel.external_id,
        refused = wrong.is_some(),
        "a platform looked at a channel's credentials"
    );
    core.db.write(async move |tx| Ok(rows::set_fault(tx, project, id, wrong.as_deref(), now).await?)).await.map(drop)
}
