//! `/p/{project}/leads/selected`: one thing said of many leads: those that were ticked, or all that the list's view, search and filters
//! match. The address holds the selection.

use std::ops::ControlFlow;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::counted;
use super::query::{LeadsQuery, QUALITIES, STAGES};
use super::rows::name_of;
use crate::conversations::rate_lead::{BulkRating, LEADS_MAX, rate_leads};
use crate::core::Core;
use crate::db::Conn;
use crate::domain::account::Permission;
use crate::domain::ids::{ConversationId, LeadId};
use crate::domain::lead::{Quality, Stage};
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::lead_name::Fields;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Member, Needs, Reply};
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::extract::Query;
use crate::store::lead_counts::COUNT_MAX;
use crate::store::lead_pages::{self, Filters, ListedLead, View};
use crate::store::lead_view;

/// Leads that are read at once.
const ROWS: u32 = 500;
/// Names that are shown.
const NAMES: usize = 10;

/// What the address says is selected.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The list that it was chosen from.
    pub list: LeadsQuery,
    /// The leads that were ticked.
    ticked: Vec<LeadId>,
    /// Instead of them all that the list has, and that were there at this time: nobody comes in while somebody decides.
    all_at: Option<Timestamp>,
}

impl Selection {
    /// Reads the address, at `now`.
    pub fn parse(query: &Query, now: Timestamp) -> Result<Self> {
        let list = LeadsQuery { after: String::new(), ..LeadsQuery::parse(query)? };
        let all = query.one("all").ok().flatten();
        let all_at =
            all.map(|time| time.parse().ok().and_then(|us| Timestamp::from_microsecond(us).ok()).unwrap_or(now));
        Ok(Self { list, ticked: query.all("lead").filter_map(|id| id.parse().ok()).collect(), all_at })
    }

    /// Whether leads were ticked.
    pub fn is_of_ticked(&self) -> bool {
        self.all_at.is_none() && !self.ticked.is_empty()
    }

    /// Until when a lead must have begun to be selected.
    pub fn until(&self) -> Timestamp {
        self.all_at.unwrap_or(Timestamp::MAX)
    }

    fn is_of_nobody(&self) -> bool {
        self.all_at.is_none() && self.ticked.is_empty()
    }

    /// The view and the filters that give what is selected; of the whole list where the address names nobody.
    pub fn view<N: Needs>(&self, core: &Core, member: &Member<N>) -> (View, Filters) {
        if self.is_of_ticked() {
            return (View::Chosen(self.ticked.clone()), Filters::default());
        }
        (self.list.view(member.project.id, member.who.user.id), self.list.filters(core.clock.now()))
    }

    /// The address of the selection behind a page.
    fn query(&self) -> String {
        let mut text = url::form_urlencoded::Serializer::new(self.list.with(&[]).trim_start_matches('?').to_owned());
        match self.all_at {
            Some(at) => _ = text.append_pair("all", &at.as_microsecond().to_string()),
            None => _ = text.extend_pairs(self.ticked.iter().map(|lead| ("lead", lead.to_string()))),
        }
        format!("?{}", text.finish())
    }
}

#[derive(Template)]
#[template(path = "leads/selected.html")]
struct SelectedPage {
    frame: Frame,
    mistakes: Mistakes,
    back: String,
    query: String,
    count: i64,
    names: Vec<(LeadId, String)>,
    /// How many were changed, and how many were so before: what was done last.
    done: Option<(String, String)>,
}

impl SelectedPage {
    fn count(&self) -> String {
        counted(self.count)
    }

    fn more(&self) -> Option<String> {
        let more = self.count - i64::try_from(self.names.len()).unwrap_or_default();
        (more > 0).then(|| counted(more))
    }
}

/// Looks at what is selected, in the order of the list, until `each` has seen enough.
async fn pages<N: Needs>(
    core: &Core,
    member: &Member<N>,
    selection: &Selection,
    mut each: impl FnMut(&ListedLead) -> ControlFlow<()>,
) -> Result<()> {
    let (view, filters) = selection.view(core, member);
    let (project, until) = (member.project.id, selection.until());
    let mut next = (!selection.is_of_nobody()).then(|| lead_pages::start(&view));
    while let Some(after) = next {
        let (view, filters) = (view.clone(), filters.clone());
        let read = async move |conn: &Conn| Ok(lead_pages::page(conn, project, (&view, &filters), after, ROWS).await?);
        let shown = core.db.read(read).await?;
        if shown.rows.iter().filter(|lead| lead.created_at <= until).try_for_each(&mut each).is_break() {
            break;
        }
        next = shown.next;
    }
    Ok(())
}

/// The leads that are selected, at most [`LEADS_MAX`], each with its conversation.
async fn leads_of<N: Needs>(
    core: &Core,
    member: &Member<N>,
    selection: &Selection,
) -> Result<Vec<(ConversationId, LeadId)>> {
    let mut leads = Vec::new();
    let each = |lead: &ListedLead| {
        leads.push((lead.conversation, lead.id));
        if leads.len() < LEADS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    pages(core, member, selection, each).await?;
    Ok(leads)
}

pub async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let selection = Selection::parse(&query, engines.core.clock.now())?;
    let number = |name: &str| query.one(name).ok().flatten().and_then(|text| text.parse().ok()).map(counted);
    let done = number("changed").zip(number("same"));
    page(&selected_page(&engines.core, &member, &selection, done).await?)
}

async fn selected_page<N: Needs>(
    core: &Core,
    member: &Member<N>,
    selection: &Selection,
    done: Option<(String, String)>,
) -> Result<SelectedPage> {
    let (mut count, mut names) = (0, Vec::new());
    let is_masked = member.sees_masked();
    let each = |lead: &ListedLead| {
        if names.len() < NAMES {
            names.push((lead.id, name_of(lead, &Fields::parse(&lead.fields), is_masked).title));
        }
        count += 1;
        if count > COUNT_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    pages(core, member, selection, each).await?;
    Ok(SelectedPage {
        frame: Frame::of_member(core, member, "leads").await?,
        mistakes: Mistakes::default(),
        back: format!("{}/leads{}", member.path(), selection.list.with(&[])),
        query: selection.query(),
        count,
        names,
        done,
    })
}

/// One press on a row: `{quality}={lead}`, and the address of the list to go back to.
pub async fn rate_one(State(engines): State<Engines>, member: Member<Reply>, form: Form) -> Result<Response> {
    let core = &engines.core;
    let pressed = Quality::ALL.into_iter().find(|quality| form.has(quality.as_str()));
    let lead = pressed.and_then(|quality| form.text(quality.as_str()).parse::<i64>().ok()).map(LeadId);
    let (Some(quality), Some(lead)) = (pressed, lead) else {
        return Err(ApiError::field("quality", "Press one of the buttons of a lead."));
    };
    let project = member.project.id;
    let found = core.db.read(async move |conn| Ok(lead_view::find(conn, project, lead).await?)).await?;
    let Some(found) = found else { return Err(no_such_path().await) };
    let leads = vec![(found.conversation, lead)];
    rate_leads(core, &member.actor(), project, leads, BulkRating::Quality(quality)).await?;
    let back = LeadsQuery::parse(&Query::parse(form.text("back"))?)?;
    Ok(go(&format!("{}/leads{}", member.path(), back.here())))
}

pub async fn rate(State(engines): State<Engines>, member: Member<Reply>, query: Query, form: Form) -> Result<Response> {
    let core = &engines.core;
    let selection = Selection::parse(&query, core.clock.now())?;
    let stage = match form.text("stage") {
        "open" => Some(BulkRating::Stage(None)),
        word => Stage::parse(word).map(|stage| BulkRating::Stage(Some(stage))),
    };
    let Some(said) = stage.or(Quality::parse(form.text("quality")).map(BulkRating::Quality)) else {
        let mut page = selected_page(core, &member, &selection, None).await?;
        let field = if form.has("quality") { "quality" } else { "stage" };
        page.mistakes.add(field, format!("Choose a {field}."));
        return invalid(&page);
    };
    let leads = leads_of(core, &member, &selection).await?;
    let rated = rate_leads(core, &member.actor(), member.project.id, leads, said).await?;
    let (own, done) = (selection.query(), format!("changed={}&same={}", rated.changed, rated.same));
    Ok(go(&format!("{}/leads/selected{own}&{done}", member.path())))
}
