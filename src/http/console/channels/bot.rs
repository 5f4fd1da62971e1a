//! A Telegram bot's pages: `…/channels/new/telegram`, where its token alone sets it up, and what its channel shows.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Shown, find};
use crate::channels::{Finding, FindingState};
use crate::db::Error;
use crate::domain::account::Permission;
use crate::domain::channel::ChannelKind;
use crate::domain::correlation::telegram_link;
use crate::domain::seal::Place;
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes, capitalized};
use crate::http::console::frame::Frame;
use crate::http::console::view::{invalid, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::{Result, no_such_path};
use crate::http::routes::Routes;
use crate::projects::add_telegram::{AddedBot, BotRefused, TelegramChannel, add_telegram_channel, set_channel_webhook};
use crate::projects::check_channel::webhook_url;
use crate::store::channel_accounts::{self, ConnectedAccount};
use crate::store::channels::{self, Channel, Fault, Sightings};

/// Accounts that are listed.
const ACCOUNTS_MAX: u32 = 20;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/channels/new/telegram", show_new)
        .post("/p/{project}/channels/new/telegram", add)
}

/// Why something was not done.
pub struct Refused {
    pub what: &'static str,
    pub text: String,
    /// Whether it is done all the same where the person says so.
    pub can_replace: bool,
}

impl Refused {
    pub fn new(error: &impl std::fmt::Display, can_replace: bool) -> Self {
        Self { what: "The webhook was not set.", text: capitalized(&error.to_string()), can_replace }
    }
}

#[derive(Template)]
#[template(path = "channels/edit_bot.html")]
pub struct EditBotPage {
    frame: Frame,
    mistakes: Mistakes,
    heading: &'static str,
    bot: Option<String>,
    /// Another program gets the bot's messages: in words, and the token as it was entered, sealed.
    taken: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "channels/bot.html")]
pub struct BotPage {
    frame: Frame,
    here: String,
    label: String,
    external_id: String,
    chat_url: String,
    webhook_url: String,
    fault: Option<Fault>,
    inbound_fault: Option<Fault>,
    seen: Sightings,
    accounts: Vec<ConnectedAccount>,
    findings: Option<Vec<Finding>>,
    refused: Option<Refused>,
    leaves_groups: bool,
}

pub async fn edit_page(
    engines: &Engines,
    member: &Member<Configure>,
    channel: Option<&Channel>,
) -> Result<EditBotPage> {
    Ok(EditBotPage {
        frame: Frame::of_member(&engines.core, member, "channels").await?,
        mistakes: Mistakes::default(),
        heading: if channel.is_some() { "Change token" } else { "Add Telegram bot" },
        bot: channel.map(Channel::label),
        taken: None,
    })
}

async fn show_new(State(engines): State<Engines>, member: Member<Configure>) -> Result<Response> {
    page(&edit_page(&engines, &member, None).await?)
}

async fn add(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    save(&engines, &member, None, &form).await
}

/// Where a token is sealed for while a page asks what to do with another program's webhook.
fn asked_place(member: &Member<Configure>) -> Place<'static> {
    Place::ChannelCredentials(member.project.id, ChannelKind::Telegram, "asked")
}

/// Sets a bot up with the token that was entered, and shows what Telegram says of it. Where another program has the bot, the page asks.
pub async fn save(
    engines: &Engines,
    member: &Member<Configure>,
    before: Option<Channel>,
    form: &Form,
) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let sealed = form.text("sealed_token");
    let token = match sealed {
        "" => form.text("token").to_owned(),
        sealed => engines.core.seal.open(asked_place(member), sealed)?,
    };
    let new = TelegramChannel {
        token: token.clone(),
        bot: before.as_ref().and_then(|channel| channel.handle.clone()),
        api_base: before.as_ref().map(|channel| channel.api_base.clone()),
        link_base: before.as_ref().map(|channel| channel.link_base.clone()),
        replaces_webhook: form.has("replace"),
    };
    match add_telegram_channel(&engines.core, &member.actor(), member.project.id, new).await {
        Ok(AddedBot { channel, findings }) => {
            let shown = Shown { findings: Some(findings), refused: None };
            page(&bot_page(engines, member, &channel, shown).await?)
        }
        Err(BotRefused::Failed(error)) if Error::is_unavailable(&error) => Err(error.into()),
        Err(error) => {
            let shown = edit_page(engines, member, before.as_ref()).await?;
            let taken = matches!(error, BotRefused::WebhookTaken { .. });
            let taken =
                taken.then(|| (capitalized(&error.to_string()), engines.core.seal.seal(asked_place(member), &token)));
            let mistakes = if taken.is_some() { Mistakes::default() } else { Mistakes::one("token", error) };
            invalid(&EditBotPage { mistakes, taken, ..shown })
        }
    }
}

/// Has the bot's updates sent here once more.
pub async fn set_webhook(
    engines: &Engines,
    member: &Member<Configure>,
    channel: Channel,
    replaces: bool,
) -> Result<Response> {
    let set = set_channel_webhook(&engines.core, &member.actor(), channel.clone(), replaces).await;
    // What was wrong may be mended by now.
    let channel = find(engines, member, channel.external_id).await?;
    match set {
        Ok(findings) => {
            page(&bot_page(engines, member, &channel, Shown { findings: Some(findings), refused: None }).await?)
        }
        Err(BotRefused::Failed(error)) => Err(error.into()),
        Err(error) => {
            let can_replace = matches!(error, BotRefused::WebhookTaken { .. });
            let shown = Shown { findings: None, refused: Some(Refused::new(&error, can_replace)) };
            invalid(&bot_page(engines, member, &channel, shown).await?)
        }
    }
}

pub async fn bot_page<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    channel: &Channel,
    shown: Shown,
) -> Result<BotPage> {
    let (project, id) = (member.project.id, channel.id);
    let (seen, accounts, channel) = engines
        .core
        .db
        .read(async move |conn| {
            let seen = channels::sightings(conn, project, id).await?;
            let accounts = channel_accounts::list(conn, project, id, ACCOUNTS_MAX).await?;
            Ok((seen, accounts, channels::find_by_id(conn, project, id).await?))
        })
        .await?;
    let Some(channel) = channel else { return Err(no_such_path().await) };
    Ok(BotPage {
        frame: Frame::of_member(&engines.core, member, "channels").await?,
        here: format!("{}/channels/{}", member.path(), channel.external_id),
        label: channel.label(),
        chat_url: telegram_link(&channel.link_base, channel.handle.as_deref().unwrap_or_default(), None),
        webhook_url: webhook_url(&engines.core.config.base_url, &channel),
        external_id: channel.external_id,
        fault: channel.fault,
        inbound_fault: channel.inbound_fault,
        seen,
        accounts,
        findings: shown.findings,
        refused: shown.refused,
        leaves_groups: channel.leaves_groups,
    })
}
