//! `/p/{project}/inbox`: who waits for a person, whom somebody looks after, and the conversation beside.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::{Frame, initials};
use super::lead::details::details;
use super::lead::form_of;
use super::lead_name::{Fields, channel_name};
use super::leads::rows::name_of;
use super::talk::{Line, Medium, Place, Talk, Wanted, before, load, waits};
use super::view::{invalid, page};
use super::who::{Member, Needs};
use crate::domain::account::Permission;
use crate::domain::ids::LeadId;
use crate::domain::lead::Handling;
use crate::domain::masked::mask;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::http::routes::Routes;
use crate::store::lead_counts;
use crate::store::lead_pages::{self, Filters, ListedLead, View, start};
use crate::store::lead_view::ViewedLead;

/// People of each group that are listed.
const LISTED_MAX: u32 = 50;
/// Characters of what was said last.
const WORDS_CHARS_MAX: usize = 60;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/inbox", show)
        .get("/p/{project}/inbox/people", people)
        .get("/p/{project}/inbox/{lead}", open)
}

#[derive(Template)]
#[template(path = "inbox/inbox.html")]
struct InboxPage {
    frame: Frame,
    groups: Vec<Group>,
    open: Option<Open>,
    has_open: bool,
    is_empty: bool,
}

/// The list alone.
#[derive(Template)]
#[template(path = "inbox/people.html")]
struct PeoplePart {
    frame: Frame,
    groups: Vec<Group>,
    has_open: bool,
}

/// People in the same state.
struct Group {
    title: &'static str,
    count: i64,
    entries: Vec<Entry>,
    /// Where all of them are.
    more: Option<String>,
}

/// Somebody in the list.
struct Entry {
    href: String,
    is_open: bool,
    name: String,
    words: String,
    waits: String,
    at: Timestamp,
    channel: String,
}

/// The conversation beside the list.
struct Open {
    talk: Talk,
    initials: String,
    lead_path: String,
    facts: Vec<(String, String)>,
    stage: String,
    correlation_id: Option<String>,
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    let frame = Frame::of_member(&engines.core, &member, "inbox").await?;
    page(&inbox_page(&engines, &member, frame, None).await?)
}

/// For a page whose list has changed.
async fn people(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let frame = Frame::of_member(&engines.core, &member, "inbox").await?;
    let opened = query.one("open").ok().flatten().and_then(|text| text.parse().ok());
    let groups = groups(&engines, &member, &frame, opened).await?;
    page(&PeoplePart { frame, groups, has_open: opened.is_some() })
}

async fn open(
    State(engines): State<Engines>,
    member: Member,
    Path((_, lead)): Path<(String, LeadId)>,
    query: Query,
) -> Result<Response> {
    let frame = Frame::of_member(&engines.core, &member, "inbox").await?;
    let wanted = Wanted { lead, place: Place::Inbox, before: before(&query) };
    let Some(loaded) = load(&engines.core, &member, &frame, wanted).await? else { return Err(no_such_path().await) };
    page(&inbox_page(&engines, &member, frame, Some(loaded)).await?)
}

/// The page with what is wrong: 422.
pub async fn refused<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    frame: Frame,
    loaded: (Talk, ViewedLead),
) -> Result<Response> {
    invalid(&inbox_page(engines, member, frame, Some(loaded)).await?)
}

async fn inbox_page<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    frame: Frame,
    loaded: Option<(Talk, ViewedLead)>,
) -> Result<InboxPage> {
    let groups = groups(engines, member, &frame, loaded.as_ref().map(|(talk, _)| talk.lead)).await?;
    Ok(InboxPage {
        is_empty: groups.iter().all(|group| group.entries.is_empty()),
        has_open: loaded.is_some(),
        open: loaded.map(|(talk, lead)| open_of(member, talk, &lead)).transpose()?,
        groups,
        frame,
    })
}

/// The people of the list, of whom `opened` is open.
async fn groups<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    frame: &Frame,
    opened: Option<LeadId>,
) -> Result<Vec<Group>> {
    let (project, user) = (member.project.id, member.who.user.id);
    let views = [View::Waiting, View::Mine(user), View::Others(user)];
    let lists = engines
        .core
        .db
        .read(async move |conn| {
            let mut lists = Vec::new();
            for view in views {
                let shown =
                    lead_pages::page(conn, project, (&view, &Filters::default()), start(&view), LISTED_MAX).await?;
                lists.push((lead_counts::count(conn, project, &view).await?, shown.rows));
            }
            Ok(lists)
        })
        .await?;
    let titles = [("Waiting for a person", Some("waiting")), ("With me", Some("mine")), ("With others", None)];
    let groups = titles.into_iter().zip(lists).map(|((title, view), (count, rows))| Group {
        title,
        more: view.filter(|_| count > i64::from(LISTED_MAX)).map(|view| format!("{}?view={view}", frame.path("leads"))),
        entries: rows.iter().map(|lead| entry(frame, member, (lead, view == Some("mine")), opened)).collect(),
        count,
    });
    Ok(groups.collect())
}

fn entry<N: Needs>(
    frame: &Frame,
    member: &Member<N>,
    (lead, is_mine): (&ListedLead, bool),
    opened: Option<LeadId>,
) -> Entry {
    let masked = member.sees_masked();
    let words = lead.last_words.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let words = if masked { mask(&words) } else { words };
    let waiting = lead.handling == Handling::Waiting;
    Entry {
        href: Place::Inbox.path(&member.path(), lead.id),
        is_open: opened == Some(lead.id),
        name: name_of(lead, &Fields::parse(&lead.fields), masked).title,
        words: words.chars().take(WORDS_CHARS_MAX).collect(),
        waits: if waiting { waits(frame, lead.handling_since) } else { String::new() },
        at: lead.last_message_at,
        channel: match &lead.handler {
            Some(name) if !is_mine => format!("{} · {name}", channel_name(&lead.channel)),
            _ => channel_name(&lead.channel).to_owned(),
        },
    }
}

fn open_of<N: Needs>(member: &Member<N>, talk: Talk, lead: &ViewedLead) -> Result<Open> {
    let known = details(lead, &form_of(&member.project)?, &[], member.sees_masked());
    let known = known.into_iter().filter(|detail| !detail.value.is_empty());
    Ok(Open {
        initials: initials(&talk.name.title),
        lead_path: Place::Lead.path(&member.path(), lead.id),
        facts: known.map(|detail| (detail.title, detail.value)).collect(),
        stage: lead.stage.clone().unwrap_or_else(|| "open".to_owned()),
        correlation_id: lead.correlation_id.clone(),
        talk,
    })
}
