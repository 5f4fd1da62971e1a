//! Adds a Telegram bot to a project, or replaces its token: asks Telegram who it is and where its updates go, and has them sent here.

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::add_channel::{base, new_channel, pasted, store};
use super::check_channel::{check_channel, webhook_url};
use super::watch_channels::note_look;
use crate::channels::telegram::API_BASE;
use crate::channels::telegram::api::{Api, CallError};
use crate::channels::telegram::set_up::{BotIdentity, identity, set_webhook, webhook_info};
use crate::channels::{Finding, FindingState, site_of};
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::channel::{ChannelKind, Credentials, TelegramCredentials};
use crate::domain::correlation::TELEGRAM_LINK_BASE;
use crate::domain::ids::ProjectId;
use crate::store::audit;
use crate::store::channels::{self, Channel};

/// Characters of a webhook's secret.
const SECRET_CHARS: usize = 48;
/// Bytes of a token; Telegram's have 46.
const TOKEN_BYTES_MAX: usize = 256;
/// What the finding of the webhook's address is called.
const WEBHOOK: &str = "Webhook";

/// What the operator enters about a bot.
pub struct TelegramChannel {
    /// @BotFather's token.
    pub token: String,
    /// The bot's username, where it is to be that one: with or without `@`.
    pub bot: Option<String>,
    /// The base URL of the platform's API, if not the platform's own.
    pub api_base: Option<String>,
    /// The base URL of the links of widgets, if not `https://t.me`.
    pub link_base: Option<String>,
    /// Whether another program's webhook is replaced.
    pub replaces_webhook: bool,
}

/// A bot that was added.
#[derive(Debug)]
pub struct AddedBot {
    /// The channel.
    pub channel: Channel,
    /// What Telegram says of it now.
    pub findings: Vec<Finding>,
}

/// Why a bot is not added.
#[derive(Debug, thiserror::Error)]
pub enum BotRefused {
    /// It cannot be a token.
    #[error("this is no token of a bot: @BotFather shows it as digits, a colon, and 35 letters and digits")]
    Token,
    /// Telegram refuses it, or cannot be asked, in words.
    #[error("{0}")]
    Telegram(String),
    /// The token is another bot's.
    #[error("this token belongs to @{is} and not to @{named}: enter the token of @{named}, or the other name")]
    OtherBot {
        /// Whose it is.
        is: String,
        /// Whose it should be.
        named: String,
    },
    /// Another program gets the bot's updates.
    #[error(
        "@{bot} sends its messages to {site}, where another program answers them. Give that program a bot of its own, or replace its \
         webhook: it gets nothing any more then"
    )]
    WebhookTaken {
        /// The bot's username.
        bot: String,
        /// The site of the webhook.
        site: String,
    },
    /// Another project has the bot.
    #[error("@{0} belongs to another project: remove it there first")]
    OtherProject(String),
    /// Something failed, or a value cannot be right.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Adds the bot, and has its updates sent here. Where Telegram takes the token but not the webhook's address, the channel is added all
/// the same: the findings say what is wrong.
pub async fn add_telegram_channel(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: TelegramChannel,
) -> Result<AddedBot, BotRefused> {
    let token = token_of(&new.token)?;
    let (api_base, link_base) = (base(new.api_base, API_BASE)?, base(new.link_base, TELEGRAM_LINK_BASE)?);
    let named = new.bot.as_deref().map(|name| name.trim().trim_start_matches('@').to_owned());
    let named = named.filter(|name| !name.is_empty());
    let (bot, unasked) = match identity(&core.platform_client, Api { base: &api_base, token: &token }).await {
        Ok(bot) => (bot, None),
        // Whoever knows the name can go on while Telegram is away.
        Err(error @ (CallError::NotSent(_) | CallError::Unknown(_))) if named.is_some() => {
            (BotIdentity::default(), Some(error))
        }
        Err(error) => return Err(BotRefused::Telegram(error.words())),
    };
    let username = username_of(&bot, named)?;
    let id = bot.id.or_else(|| id_of(&token)).unwrap_or_else(|| username.clone());
    let bot = KnownBot { id, username: username.clone(), token, api_base, link_base };
    let (channel, credentials) = channel_of(core, project, bot).await?;
    if unasked.is_none() && !new.replaces_webhook {
        refuse_taken(core, &channel, &credentials).await?;
    }
    let channel = store(core, actor, channel).await?.ok_or(BotRefused::OtherProject(username))?;
    let findings = match unasked {
        Some(error) => vec![Finding::new("Token", FindingState::Missing, error.words())],
        None => point_webhook(core, &channel, &credentials).await?,
    };
    Ok(AddedBot { channel, findings })
}

/// A bot of which all is known.
pub struct KnownBot {
    /// Its id.
    pub id: String,
    /// Its username, without `@`.
    pub username: String,
    /// Its token.
    pub token: String,
    /// The base URL of the platform's API.
    pub api_base: String,
    /// The base URL of the links of widgets.
    pub link_base: String,
}

/// Stores a bot without asking the platform: for a simulated one.
pub async fn store_bot(core: &Core, actor: &Actor, project: ProjectId, bot: KnownBot) -> anyhow::Result<Channel> {
    let (channel, _) = channel_of(core, project, bot).await?;
    store(core, actor, channel).await?.context("another project has the bot")
}

async fn channel_of(core: &Core, project: ProjectId, bot: KnownBot) -> anyhow::Result<(Channel, Credentials)> {
    let KnownBot { id, username, token, api_base, link_base } = bot;
    let webhook_secret = secret_of(core, project, &id).await?;
    let credentials = Credentials::Telegram(TelegramCredentials { bot_token: token, webhook_secret });
    let channel = new_channel(core, project, &id, &credentials, (api_base, link_base))?;
    Ok((Channel { handle: Some(username), ..channel }, credentials))
}

/// Has the updates of a bot that a project has sent here once more.
pub async fn set_channel_webhook(
    core: &Core,
    actor: &Actor,
    channel: Channel,
    replaces_webhook: bool,
) -> Result<Vec<Finding>, BotRefused> {
    let credentials = open(core, channel.clone().into())?.credentials;
    if !replaces_webhook {
        refuse_taken(core, &channel, &credentials).await?;
    }
    let findings = point_webhook(core, &channel, &credentials).await?;
    let (actor, project, now) = (actor.clone(), channel.project, core.clock.now());
    let recorded = core.db.write(async move |tx| {
        let change = Change::new(Action::SetChannelWebhook, Object::Channel(channel.external_id.clone()));
        let change = change.with(json!({"replaced": replaces_webhook}));
        Ok(audit::record(tx, project, &actor, &change, now).await?)
    });
    recorded.await?;
    Ok(findings)
}

/// Refuses where another program gets the updates.
async fn refuse_taken(core: &Core, channel: &Channel, credentials: &Credentials) -> Result<(), BotRefused> {
    let (api, ours) = (api_of(channel, credentials)?, webhook_url(&core.config.base_url, channel));
    let info = webhook_info(&core.platform_client, api).await.map_err(|error| BotRefused::Telegram(error.words()))?;
    match info.url {
        Some(url) if url != ours => {
            let bot = channel.handle.clone().unwrap_or_default();
            Err(BotRefused::WebhookTaken { bot, site: site_of(&url) })
        }
        _ => Ok(()),
    }
}

/// Sets the webhook, reads back what Telegram made of it, and notes whether messages arrive.
async fn point_webhook(core: &Core, channel: &Channel, credentials: &Credentials) -> anyhow::Result<Vec<Finding>> {
    let (api, url) = (api_of(channel, credentials)?, webhook_url(&core.config.base_url, channel));
    let set = set_webhook(&core.platform_client, api, &url, &credentials.telegram()?.webhook_secret).await;
    let mut findings = check_channel(core, channel.clone()).await?;
    if let Err(error) = set {
        let said = format!("{} It was to be {url}.", error.words());
        findings.retain(|finding| finding.name != WEBHOOK);
        findings.push(Finding::new(WEBHOOK, FindingState::Missing, said));
    }
    let wrong = findings.iter().find(|finding| finding.name == WEBHOOK && finding.state == FindingState::Missing);
    note_look(core, channel, wrong.map(|finding| finding.said.clone())).await?;
    Ok(findings)
}

fn api_of<'a>(channel: &'a Channel, credentials: &'a Credentials) -> anyhow::Result<Api<'a>> {
    Ok(Api { base: &channel.api_base, token: &credentials.telegram()?.bot_token })
}

/// A token as it may stand in an address.
fn token_of(text: &str) -> Result<String, BotRefused> {
    let token = pasted("token", text).map_err(|_| BotRefused::Token)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-');
    if token.len() <= TOKEN_BYTES_MAX && token.bytes().all(fits) { Ok(token) } else { Err(BotRefused::Token) }
}

/// A token begins with the bot's id.
fn id_of(token: &str) -> Option<String> {
    let (id, _) = token.split_once(':')?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.to_owned())
}

fn username_of(bot: &BotIdentity, named: Option<String>) -> Result<String, BotRefused> {
    let username = match (&bot.username, named) {
        (Some(is), Some(named)) if !is.eq_ignore_ascii_case(&named) => {
            return Err(BotRefused::OtherBot { is: is.clone(), named });
        }
        (Some(is), _) => is.clone(),
        (None, Some(named)) => named,
        (None, None) => {
            let why = "Telegram does not say what the bot is called: enter its username.";
            return Err(BotRefused::Telegram(why.to_owned()));
        }
    };
    let fits = (1..=64).contains(&username.len()) && username.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let invalid = || anyhow!("{username:?} is no username of a bot: write it as @your_shop_bot");
    if fits { Ok(username) } else { Err(invalid().into()) }
}

/// The secret stays while a bot gets a new token: updates that are under way have it.
async fn secret_of(core: &Core, project: ProjectId, id: &str) -> anyhow::Result<String> {
    let id = id.to_owned();
    let known = core.db.read(async move |conn| Ok(channels::find_in(conn, project, &id).await?)).await?;
    match known.filter(|channel| channel.kind == ChannelKind::Telegram) {
        Some(known) => Ok(open(core, known.into())?.credentials.telegram()?.webhook_secret.clone()),
        None => Ok(core.random.token("", SECRET_CHARS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_stand_in_an_address() {
        assert_eq!(token_of(" 123456:AAH-abc_DEF \n").expect("a token"), "123456:AAH-abc_DEF");
        for text in ["", "12 34", "123/../getMe", "123:a?b", "123:é", &"1".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(token_of(text).is_err(), "{text:?}");
        }
        assert_eq!(id_of("123456:AAH").as_deref(), Some("123456"));
        assert_eq!((id_of("AAH"), id_of(":AAH"), id_of("a1:AAH")), (None, None, None));
    }

    #[test]
    fn a_named_bot_has_to_be_that_one() {
        let bot = BotIdentity { username: Some("Shop_bot".to_owned()), ..BotIdentity::default() };
        assert_eq!(username_of(&bot, Some("shop_BOT".to_owned())).expect("the same"), "Shop_bot");
        assert_eq!(username_of(&bot, None).expect("as Telegram says"), "Shop_bot");
        assert!(matches!(username_of(&bot, Some("other_bot".to_owned())), Err(BotRefused::OtherBot { .. })));
        assert!(username_of(&BotIdentity::default(), None).is_err());
        assert!(username_of(&BotIdentity::default(), Some("a b".to_owned())).is_err());
    }
}
