//! Adds a WhatsApp channel to a project, or gives the one that it has new credentials.

use anyhow::{Context as _, ensure};

use crate::channels::whatsapp::API_BASE;
use crate::core::Core;
use crate::domain::channel::{ChannelKind, Credentials, WHATSAPP_LINK_BASE, WhatsAppCredentials};
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::phone::PhoneNumber;
use crate::store::channels::{self, Channel};

/// Longest credential; the platform's own have a few hundred bytes.
const CREDENTIAL_BYTES_MAX: usize = 4_096;

/// What the operator tells of a WhatsApp number.
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
    /// Where the platform's API is, if not at the platform's own address.
    pub api_base: Option<String>,
    /// Where the links of widgets lead, if not to `https://wa.me`.
    pub link_base: Option<String>,
}

/// Adds the channel, or renews it where the project has it already. The number may have spaces, hyphens and brackets in it.
pub async fn add_whatsapp_channel(core: &Core, project: ProjectId, new: WhatsAppChannel) -> anyhow::Result<Channel> {
    let id_fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ensure!(
        (1..=64).contains(&new.phone_number_id.len()) && new.phone_number_id.bytes().all(id_fits),
        "{:?} is no phone number id: WhatsApp Manager shows it beside the number, as digits",
        new.phone_number_id
    );
    let number =
        PhoneNumber::from_e164(&new.number.replace([' ', '-', '.', '(', ')', '\u{a0}'], "")).ok().with_context(
            || format!("{:?} is no number: write it with + and the country code, for example +6512345678", new.number),
        )?;
    let credentials = Credentials::WhatsApp(WhatsAppCredentials {
        access_token: pasted("access token", &new.access_token)?,
        app_secret: pasted("app secret", &new.app_secret)?,
        verify_token: pasted("verify token", &new.verify_token)?,
    });
    let api_base = base(new.api_base, API_BASE)?;
    let link_base = base(new.link_base, WHATSAPP_LINK_BASE)?;
    let channel = Channel {
        id: ChannelId(0),
        project,
        kind: ChannelKind::WhatsApp,
        external_id: new.phone_number_id.clone(),
        number: Some(number.bare().to_owned()),
        link_base,
        api_base,
        sealed_credentials: core.seal.seal(&serde_json::to_string(&credentials)?),
    };
    let now = core.clock.now();
    core.db.write(async move |tx| Ok(channels::upsert(tx, project, &channel, now).await?)).await?.with_context(|| {
        format!("the phone number id {} belongs to another project: remove it there first", new.phone_number_id)
    })
}

/// A credential without what pasting brings along.
fn pasted(name: &str, text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= CREDENTIAL_BYTES_MAX && !text.chars().any(char::is_control);
    ensure!(fits, "the {name} must be one line of 1 to {CREDENTIAL_BYTES_MAX} bytes");
    Ok(text.to_owned())
}

fn base(given: Option<String>, default: &str) -> anyhow::Result<String> {
    let base = given.unwrap_or_else(|| default.to_owned());
    let url = url::Url::parse(&base).with_context(|| format!("{base:?} is no address: write https:// and a host"))?;
    ensure!(matches!(url.scheme(), "http" | "https"), "{base:?} must begin with https:// (or http://)");
    Ok(base.trim_end_matches('/').to_owned())
}
