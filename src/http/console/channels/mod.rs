//! `/p/{project}/channels`: where people write, how each is set up, and whether it works.

mod bot;
mod edit;
mod web;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::Form;
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::{Configure, Member, Needs};
use crate::channels::{Finding, FindingState};
use crate::conversations::open_channel::open;
use crate::domain::account::Permission;
use crate::domain::channel::ChannelKind;
use crate::domain::time::SignedDuration;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::projects::check_channel::{check_channel, webhook_url};
use crate::projects::connect_whatsapp::{NumberRefused, connect_whatsapp};
use crate::projects::set_channel::{ChannelSettings, set_channel};
use crate::store::channel_troubles::{self, Words};
use crate::store::channels::{self, Channel, Fault, Sightings};
use crate::store::reply_pace;

/// What the platform said of a channel that is shown.
const WORDS_MAX: u32 = 10;
/// How long it is shown.
const WORDS_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Channels that are listed.
const LISTED_MAX: u32 = 200;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/channels", list)
        .get("/p/{project}/channels/{channel}", show)
        .post("/p/{project}/channels/{channel}/check", check)
        .post("/p/{project}/channels/{channel}/settings", set)
        .post("/p/{project}/channels/{channel}/webhook", set_webhook)
        .post("/p/{project}/channels/{channel}/verify-token", show_verify_token)
        .merge(edit::routes())
        .merge(bot::routes())
        .merge(web::routes())
}

struct ChannelRow {
    path: String,
    label: String,
    kind: &'static str,
    external_id: String,
    has_fault: bool,
    is_astray: bool,
    seen: Sightings,
}

#[derive(Template)]
#[template(path = "channels/channels.html")]
struct ChannelsPage {
    frame: Frame,
    rows: Vec<ChannelRow>,
}

#[derive(Template)]
#[template(path = "channels/channel.html")]
struct ChannelPage {
    frame: Frame,
    here: String,
    number: String,
    external_id: String,
    webhook_url: String,
    fault: Option<Fault>,
    seen: Sightings,
    verify_token: Option<String>,
    findings: Option<Vec<Finding>>,
    refused: Option<bot::Refused>,
    rate_per_second: Option<u32>,
    words: Vec<Words>,
}

/// What a channel's page shows besides what is stored.
#[derive(Default)]
struct Shown {
    /// What the platform says now.
    findings: Option<Vec<Finding>>,
    /// Why something was not done, and what can be done all the same.
    refused: Option<bot::Refused>,
}

async fn list(State(engines): State<Engines>, member: Member) -> Result<Response> {
    let project = member.project.id;
    let listed = engines.core.db.read(async move |conn| {
        let mut listed = Vec::new();
        for channel in channels::list(conn, project, LISTED_MAX).await? {
            let seen = channels::sightings(conn, project, channel.id).await?;
            listed.push((channel, seen));
        }
        Ok(listed)
    });
    let row = |(channel, seen): (Channel, Sightings)| ChannelRow {
        path: format!("{}/channels/{}", member.path(), channel.external_id),
        label: channel.label(),
        kind: channel.kind.name(),
        has_fault: channel.fault.is_some(),
        is_astray: channel.inbound_fault.is_some(),
        external_id: channel.external_id,
        seen,
    };
    let rows = listed.await?.into_iter().map(row).collect();
    page(&ChannelsPage { frame: Frame::of_member(&engines.core, &member, "channels").await?, rows })
}

async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, channel)): Path<(String, String)>,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    match channel.kind {
        ChannelKind::WhatsApp => page(&channel_page(&engines, &member, &channel).await?),
        ChannelKind::Telegram => page(&bot::bot_page(&engines, &member, &channel, Shown::default()).await?),
        ChannelKind::Web => page(&web::web_page(&engines, &member, &channel).await?),
    }
}

/// Asks the platform. It changes nothing, and is a form all the same: it takes seconds, and counts against the
/// platform's rate limit.
async fn check(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    let findings = Some(check_channel(&engines.core, channel.clone()).await?);
    match channel.kind {
        ChannelKind::WhatsApp => page(&ChannelPage { findings, ..channel_page(&engines, &member, &channel).await? }),
        ChannelKind::Telegram => {
            page(&bot::bot_page(&engines, &member, &channel, Shown { findings, refused: None }).await?)
        }
        ChannelKind::Web => page(&web::web_page(&engines, &member, &channel).await?),
    }
}

/// Has what people write sent here.
async fn set_webhook(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    let replaces = form.has("replace");
    match channel.kind {
        ChannelKind::WhatsApp => {}
        ChannelKind::Telegram => return bot::set_webhook(&engines, &member, channel, replaces).await,
        ChannelKind::Web => return Err(no_such_path().await),
    }
    let set = connect_whatsapp(&engines.core, &member.actor(), channel.clone(), replaces).await;
    let shown = channel_page(&engines, &member, &channel).await?;
    match set {
        Ok(findings) => page(&ChannelPage { findings: Some(findings), ..shown }),
        Err(NumberRefused::Failed(error)) => Err(error.into()),
        Err(error) => {
            let can_replace = matches!(error, NumberRefused::WebhookTaken { .. });
            invalid(&ChannelPage { refused: Some(bot::Refused::new(&error, can_replace)), ..shown })
        }
    }
}

/// Sets how the channel behaves.
async fn set(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    if channel.kind == ChannelKind::Web {
        return Err(no_such_path().await);
    }
    let rate = form.text("rate_per_second");
    let settings = ChannelSettings {
        // What is no number is out of the range.
        rate_per_second: (!rate.is_empty()).then(|| rate.parse().unwrap_or(0)),
        leaves_groups: form.has("leaves_groups"),
    };
    let path = format!("{}/channels/{}", member.path(), channel.external_id);
    match set_channel(&engines.core, &member.actor(), &channel, settings).await {
        Ok(()) => Ok(go(&path)),
        Err(error) if crate::db::Error::is_unavailable(&error) => Err(error.into()),
        Err(error) => {
            let refused = Some(bot::Refused { what: "Nothing was saved.", ..bot::Refused::new(&error, false) });
            match channel.kind {
                ChannelKind::WhatsApp => {
                    invalid(&ChannelPage { refused, ..channel_page(&engines, &member, &channel).await? })
                }
                ChannelKind::Telegram => {
                    let shown = Shown { findings: None, refused };
                    invalid(&bot::bot_page(&engines, &member, &channel, shown).await?)
                }
                ChannelKind::Web => Err(no_such_path().await),
            }
        }
    }
}

async fn show_verify_token(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    member.who.confirmed(&engines.core)?;
    if channel.kind != ChannelKind::WhatsApp {
        return Err(no_such_path().await);
    }
    let shown = channel_page(&engines, &member, &channel).await?;
    let verify_token = open(&engines.core, channel.into())?.credentials.whatsapp()?.verify_token.clone();
    page(&ChannelPage { verify_token: Some(verify_token), ..shown })
}

async fn channel_page<N: Needs>(engines: &Engines, member: &Member<N>, channel: &Channel) -> Result<ChannelPage> {
    let (project, id) = (member.project.id, channel.id);
    let after = engines.core.clock.now() - WORDS_FOR;
    let (seen, rate_per_second, words) = engines
        .core
        .db
        .read(async move |conn| {
            let seen = channels::sightings(conn, project, id).await?;
            let words = channel_troubles::words_of(conn, project, id, after, WORDS_MAX).await?;
            Ok((seen, reply_pace::rate(conn, project, id).await?, words))
        })
        .await?;
    Ok(ChannelPage {
        frame: Frame::of_member(&engines.core, member, "channels").await?,
        here: format!("{}/channels/{}", member.path(), channel.external_id),
        number: channel.label(),
        external_id: channel.external_id.clone(),
        webhook_url: webhook_url(&engines.core.config.base_url, channel),
        fault: channel.fault.clone(),
        seen,
        verify_token: None,
        findings: None,
        refused: None,
        rate_per_second,
        words,
    })
}

/// The project's channel that its platform knows by that id.
async fn find<N: Needs>(engines: &Engines, member: &Member<N>, external_id: String) -> Result<Channel> {
    let project = member.project.id;
    let found = engines.core.db.read(async move |conn| Ok(channels::find_in(conn, project, &external_id).await?));
    match found.await? {
        Some(channel) => Ok(channel),
        None => Err(no_such_path().await),
    }
}
