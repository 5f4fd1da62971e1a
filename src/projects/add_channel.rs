//! Adds a WhatsApp channel to a project, or replaces the credentials of one that the project has. How any channel is stored.

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::channels::whatsapp::API_BASE;
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::channel::{Credentials, WHATSAPP_LINK_BASE, WhatsAppCredentials};
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::phone::PhoneNumber;
use crate::domain::seal::Place;
use crate::notifier::Work;
use crate::projects::watch_channels::CHECK_FIRST_AFTER;
use crate::store::channels::{self, Channel};
use crate::store::{audit, replies};

/// Longest credential; the platform's own have a few hundred bytes.
const CREDENTIAL_BYTES_MAX: usize = 4_096;

/// What the operator enters about a WhatsApp number.
pub struct WhatsAppChannel {
    /// The platform's id of the number.
    pub phone_number_id: String,
    /// `+6512345678`
    pub number: String,
    /// Lets us send.
    pub access_token: String,
    /// The platform signs what it sends with it.
    pub app_secret: String,
    /// The platform shows it once, when the webhook is registered.
    pub verify_token: String,
    /// The base URL of the platform's API, if not the platform's own.
    pub api_base: Option<String>,
    /// The base URL of the links of widgets, if not `https://wa.me`.
    pub link_base: Option<String>,
}

/// Adds the channel, or replaces its values where the project has it already. The number may contain spaces, hyphens and
/// brackets.
pub async fn add_whatsapp_channel(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: WhatsAppChannel,
) -> anyhow::Result<Channel> {
    let id_fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ensure!(
        (1..=64).contains(&new.phone_number_id.len()) && new.phone_number_id.bytes().all(id_fits),
        "{:?} is not a phone number id: WhatsApp Manager shows it beside the number, as digits",
        new.phone_number_id
    );
    let number = PhoneNumber::from_e164(&new.number.replace([' ', '-', '.', '(', ')', '\u{a0}'], ""))
        .ok()
        .with_context(|| {
            format!(
                "{:?} is not a phone number: write it with + and the country code, for example +6512345678",
                new.number
            )
        })?;
    let credentials = Credentials::WhatsApp(WhatsAppCredentials {
        access_token: pasted("access token", &new.access_token)?,
        app_secret: pasted("app secret", &new.app_secret)?,
        verify_token: pasted("verify token", &new.verify_token)?,
    });
    let api_base = base(new.api_base, API_BASE)?;
    let link_base = base(new.link_base, WHATSAPP_LINK_BASE)?;
    let channel = Channel {
        number: Some(number.bare().to_owned()),
        ..new_channel(core, project, &new.phone_number_id, &credentials, (api_base, link_base))?
    };
    store(core, actor, channel).await?.with_context(|| {
        format!("the phone number id {} belongs to another project: remove it there first", new.phone_number_id)
    })
}

/// A channel as it is stored, without a number and without a handle.
pub(super) fn new_channel(
    core: &Core,
    project: ProjectId,
    external_id: &str,
    credentials: &Credentials,
    (api_base, link_base): (String, String),
) -> anyhow::Result<Channel> {
    let kind = credentials.kind();
    let place = Place::ChannelCredentials(project, kind, external_id);
    Ok(Channel {
        id: ChannelId(0),
        project,
        kind,
        external_id: external_id.to_owned(),
        handle: None,
        title: None,
        number: None,
        link_base,
        api_base,
        sealed_credentials: core.seal.seal(place, &serde_json::to_string(credentials)?),
        fault: None,
        inbound_fault: None,
        quiet_until: None,
        leaves_groups: false,
    })
}

/// Stores a channel; `None` where another project has it.
pub(super) async fn store(core: &Core, actor: &Actor, channel: Channel) -> anyhow::Result<Option<Channel>> {
    let (actor, project, now) = (actor.clone(), channel.project, core.clock.now());
    let check_due_at = channel.kind.check_every().map(|_| now + CHECK_FIRST_AFTER);
    let stored = core.db.write(async move |tx| {
        let Some(channel) = channels::upsert(tx, project, &channel, check_due_at, now).await? else { return Ok(None) };
        // What waited for the new credentials goes at once.
        replies::release(tx, project, channel.id, now).await?;
        let change = Change::new(Action::AddChannel, Object::Channel(channel.external_id.clone()));
        let change = change.with(json!({"kind": channel.kind.as_str()}));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Some(channel))
    });
    let stored = stored.await?;
    core.notifier.notify(Work::Replies);
    Ok(stored)
}

/// A credential without the whitespace around it that pasting adds.
pub(super) fn pasted(name: &str, text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= CREDENTIAL_BYTES_MAX && !text.chars().any(char::is_control);
    ensure!(fits, "the {name} must be one line of 1 to {CREDENTIAL_BYTES_MAX} bytes");
    Ok(text.to_owned())
}

pub(super) fn base(given: Option<String>, default: &str) -> anyhow::Result<String> {
    let base = given.unwrap_or_else(|| default.to_owned());
    let url = url::Url::parse(&base).with_context(|| format!("{base:?} is not a URL: write https:// and a host"))?;
    ensure!(matches!(url.scheme(), "http" | "https"), "{base:?} must begin with https:// (or http://)");
    Ok(base.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_one_line_of_bounded_length() {
        assert_eq!(pasted("token", " abc\n").expect("one line"), "abc");
        assert!(pasted("token", &"a".repeat(CREDENTIAL_BYTES_MAX)).is_ok());
        for text in ["", " \n", "a\nb", &"a".repeat(CREDENTIAL_BYTES_MAX + 1)] {
            assert!(pasted("token", text).is_err(), "{text:?}");
        }
    }
}
