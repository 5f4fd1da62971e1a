//! `/p/{project}/channels`: where people write, how each is set up, and whether it works.

mod edit;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::Frame;
use super::view::page;
use super::who::{Configure, Member, Needs};
use crate::channels::{Finding, FindingState};
use crate::domain::account::Permission;
use crate::domain::channel::Credentials;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::projects::check_channel::{check_channel, webhook_url};
use crate::store::channels::{self, Channel, Fault, Sightings};

/// Channels that are listed.
const LISTED_MAX: u32 = 200;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/channels", list)
        .get("/p/{project}/channels/{channel}", show)
        .post("/p/{project}/channels/{channel}/check", check)
        .post("/p/{project}/channels/{channel}/verify-token", show_verify_token)
        .merge(edit::routes())
}

struct ChannelRow {
    path: String,
    number: String,
    external_id: String,
    has_fault: bool,
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
        number: shown_number(&channel),
        has_fault: channel.fault.is_some(),
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
    page(&channel_page(&engines, &member, &channel).await?)
}

/// Asks the platform. It changes nothing, and is a form all the same: it takes seconds, and counts against the
/// platform's rate limit.
async fn check(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    let shown = channel_page(&engines, &member, &channel).await?;
    let findings = Some(check_channel(&engines.core, channel).await?);
    page(&ChannelPage { findings, ..shown })
}

async fn show_verify_token(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, channel)): Path<(String, String)>,
) -> Result<Response> {
    let channel = find(&engines, &member, channel).await?;
    member.who.confirmed(&engines.core)?;
    let shown = channel_page(&engines, &member, &channel).await?;
    let Credentials::WhatsApp(credentials) =
        serde_json::from_str(&engines.core.seal.open(channel.place(), &channel.sealed_credentials)?)?;
    page(&ChannelPage { verify_token: Some(credentials.verify_token), ..shown })
}

async fn channel_page<N: Needs>(engines: &Engines, member: &Member<N>, channel: &Channel) -> Result<ChannelPage> {
    let (project, id) = (member.project.id, channel.id);
    let seen = engines.core.db.read(async move |conn| Ok(channels::sightings(conn, project, id).await?)).await?;
    Ok(ChannelPage {
        frame: Frame::of_member(&engines.core, member, "channels").await?,
        here: format!("{}/channels/{}", member.path(), channel.external_id),
        number: shown_number(channel),
        external_id: channel.external_id.clone(),
        webhook_url: webhook_url(&engines.core.config.base_url, channel),
        fault: channel.fault.clone(),
        seen,
        verify_token: None,
        findings: None,
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

fn shown_number(channel: &Channel) -> String {
    channel.number.as_ref().map_or_else(|| channel.external_id.clone(), |number| format!("+{number}"))
}
