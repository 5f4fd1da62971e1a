//! Has what people write to a WhatsApp number sent here, without anybody entering addresses at Meta.

use serde_json::json;

use super::check_channel::{check_channel, webhook_url};
use crate::channels::whatsapp::api::Api;
use crate::channels::whatsapp::set_up::{NotSet, set_webhook, subscribe};
use crate::channels::{Finding, site_of};
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::store::audit;
use crate::store::channels::Channel;

/// Why a number is not connected.
#[derive(Debug, thiserror::Error)]
pub enum NumberRefused {
    /// Another program gets what people write to it.
    #[error(
        "{number} sends its messages to {site}, where another program takes them. Replace that address where nobody needs it: the other \
         program gets nothing any more then"
    )]
    WebhookTaken {
        /// The number as people write it.
        number: String,
        /// The site of the address.
        site: String,
    },
    /// WhatsApp does not do it, in words.
    #[error("{0} The webhook was to be {1}, where Meta asks for the verify token while this runs.")]
    WhatsApp(String, String),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Sets the number's webhook and subscribes its account. What WhatsApp says of the channel afterwards.
pub async fn connect_whatsapp(
    core: &Core,
    actor: &Actor,
    channel: Channel,
    replaces_webhook: bool,
) -> Result<Vec<Finding>, NumberRefused> {
    let url = webhook_url(&core.config.base_url, &channel);
    let opened = open(core, channel.clone().into())?;
    let credentials = opened.credentials.whatsapp().map_err(anyhow::Error::from)?;
    let (client, api) = (&core.platform_client, Api::of(opened.account()));
    set_webhook(client, &api, credentials, &url, replaces_webhook).await.map_err(|why| match why {
        NotSet::Taken(other) => NumberRefused::WebhookTaken { number: channel.label(), site: site_of(&other) },
        NotSet::Refused(why) => NumberRefused::WhatsApp(why, url.clone()),
    })?;
    let subscription = subscribe(client, &api, credentials).await;
    let (actor, project, now) = (actor.clone(), channel.project, core.clock.now());
    let object = Object::Channel(channel.external_id.clone());
    let recorded = core.db.write(async move |tx| {
        let change = Change::new(Action::SetChannelWebhook, object).with(json!({"replaced": replaces_webhook}));
        Ok(audit::record(tx, project, &actor, &change, now).await?)
    });
    recorded.await?;
    let mut findings = check_channel(core, channel).await?;
    findings.push(subscription);
    Ok(findings)
}
