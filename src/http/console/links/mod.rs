//! `/p/{project}/links`: links without a site, each with its QR code and what came of it; and what to write behind the addresses of ads.

mod actions;
mod ads;
mod edit;
mod qr;

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::Frame;
use super::view::page;
use super::webhook::health::grouped;
use super::who::{Member, Needs};
use super::widgets::name as widget_name;
use crate::counts::ask::{Dimension, link_value};
use crate::db::Conn;
use crate::domain::account::Permission;
use crate::domain::counts::day_of;
use crate::domain::ids::{LinkId, ProjectId};
use crate::domain::link::LinkStatus;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::store::links::{self, Link};
use crate::store::source_counts::{self, LinkSums};
use crate::store::{channels, widgets};

/// Links of a page.
const LISTED_MAX: u32 = 50;
/// Widgets and channels that a link may lead to.
const OPENS_MAX: u32 = 500;
/// The days whose numbers are shown, today among them: those of the overview.
const DAYS: i64 = 30;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/links", list)
        .merge(ads::routes())
        .merge(edit::routes())
        .merge(actions::routes())
}

/// What came of a link, each number with what leads to its rows.
struct Came {
    clicks: (String, Option<String>),
    conversations: (String, Option<String>),
    leads: (String, Option<String>),
}

impl Came {
    fn of(project_path: &str, link: LinkId, sums: LinkSums) -> Self {
        let filter = format!("{}={}", Dimension::Widget.as_str(), link_value(link));
        let number = |step: &str, count: i64| {
            let rows = (count > 0).then(|| format!("{project_path}/overview/rows?{filter}&step={step}"));
            (grouped(count.unsigned_abs()), rows)
        };
        Self {
            clicks: number("clicks", sums[0]),
            conversations: number("conversations", sums[1]),
            leads: number("leads", sums[2]),
        }
    }
}

struct LinkRow {
    path: String,
    slug: String,
    address: String,
    source: String,
    medium: String,
    campaign: String,
    opens: String,
    is_paused: bool,
    came: Came,
}

#[derive(Template)]
#[template(path = "links/links.html")]
struct LinksPage {
    frame: Frame,
    rows: Vec<LinkRow>,
    /// Whether there is something that a link could lead to.
    has_channel: bool,
    older: Option<String>,
    is_first: bool,
}

async fn list(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let before = query.one("before").map_err(|invalid| ApiError::Invalid(vec![invalid]))?;
    let before = before.and_then(|id| id.parse().ok());
    let (project, days) = (member.project.id, days(&engines, &member));
    let read = engines.core.db.read(async move |conn| {
        let listed = links::page(conn, project, before.unwrap_or(LinkId(i64::MAX)), LISTED_MAX + 1).await?;
        let ids: Vec<LinkId> = listed.iter().map(|link| link.id).collect();
        let sums = source_counts::of_links(conn, project, &ids, days).await?;
        Ok((listed, sums, widgets::details(conn, project, OPENS_MAX).await?, channels::list(conn, project, 1).await?))
    });
    let (mut listed, sums, widgets, channels) = read.await?;
    let sums: HashMap<LinkId, LinkSums> = sums.into_iter().collect();
    let opens: HashMap<String, String> =
        widgets.into_iter().map(|one| (one.widget.public_id.clone(), one.widget.opens())).collect();
    let has_more = listed.len() > LISTED_MAX as usize;
    listed.truncate(LISTED_MAX as usize);
    let older = listed.last().filter(|_| has_more).map(|link| format!("{}/links?before={}", member.path(), link.id));
    let base_url = &engines.core.config.base_url;
    let row = |link: Link| LinkRow {
        path: format!("{}/links/{}", member.path(), link.id),
        address: link.address(base_url),
        opens: opens.get(&link.widget).cloned().unwrap_or(link.widget),
        is_paused: link.status == LinkStatus::Paused,
        came: Came::of(&member.path(), link.id, sums.get(&link.id).copied().unwrap_or_default()),
        slug: link.slug,
        source: link.campaign.source,
        medium: link.campaign.medium,
        campaign: link.campaign.campaign,
    };
    let rows = listed.into_iter().map(row).collect();
    let frame = Frame::of_member(&engines.core, &member, "links").await?;
    page(&LinksPage { frame, rows, has_channel: !channels.is_empty(), older, is_first: before.is_none() })
}

/// The last days of the project's own zone.
fn days<N: Needs>(engines: &Engines, member: &Member<N>) -> (i64, i64) {
    let zone = member.project.zone();
    let today = day_of(Timestamp::to_zoned(engines.core.clock.now(), zone).date());
    (today - DAYS + 1, today)
}

/// The link of a page's address; 404 where the project has none of that number, or deleted it.
async fn find<N: Needs>(engines: &Engines, member: &Member<N>, id: &str) -> Result<Link> {
    let project = member.project.id;
    let Ok(id) = id.parse::<LinkId>() else { return Err(no_such_path().await) };
    let found = engines.core.db.read(async move |conn| Ok(links::find_in(conn, project, id).await?)).await?;
    match found {
        Some(link) => Ok(link),
        None => Err(no_such_path().await),
    }
}

/// What a link may lead to: each widget, and each channel that has none.
async fn choices(conn: &Conn, project: ProjectId) -> anyhow::Result<Vec<(String, String)>> {
    let widgets = widgets::details(conn, project, OPENS_MAX).await?;
    let channels = channels::list(conn, project, OPENS_MAX).await?;
    let bare = channels.iter().filter(|channel| widgets.iter().all(|one| one.widget.channel != channel.id));
    let bare = bare.map(|channel| {
        (format!("channel:{}", channel.external_id), format!("{} {}", channel.kind.name(), channel.label()))
    });
    let of_widgets = widgets.iter().map(|one| {
        let name = widget_name(&one.look.name, &one.widget.public_id);
        (format!("widget:{}", one.widget.public_id), format!("{} ({name})", one.widget.opens()))
    });
    Ok(of_widgets.chain(bare).collect())
}
