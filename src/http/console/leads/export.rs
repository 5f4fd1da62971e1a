//! `/p/{project}/leads/export.csv`: the list as a file, with the same view, filters and search; streamed, so that memory does not grow
//! with its length.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::query::LeadsQuery;
use super::rows::{name_of, params_of};
use super::selected::Selection;
use crate::core::Core;
use crate::domain::form::{EMAIL, Form, NAME, PHONE};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::console::csv;
use crate::http::console::lead_name::Fields;
use crate::http::console::times::Times;
use crate::http::console::who::{Export, Member};
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::store::lead_pages::{self, Filters, LeadPage, ListedLead, View};
use crate::store::projects::Project;
use crate::store::window::Position;

/// Leads that are read at once.
const ROWS: u32 = 500;
/// The columns of every file, before those of the form.
const COLUMNS: [&str; 3] = [NAME, PHONE, EMAIL];
/// The columns of every file, behind those of the form.
const MORE: [&str; 14] = [
    "intent",
    "status",
    "stage",
    "value",
    "currency",
    "quality",
    "handling",
    "reference",
    "source",
    "medium",
    "campaign",
    "channel",
    "created_at",
    "last_message_at",
];

pub async fn export(State(engines): State<Engines>, member: Member<Export>, query: Query) -> Result<Response> {
    let core = &engines.core;
    let selection = Selection::parse(&query, core.clock.now())?;
    let (view, filters) = selection.view(core, &member);
    let query = &selection.list;
    let position = query.position(&view);
    let (file, times) = (File::new(core, &member.project, (view, filters), position)?, times_of(core, &member.project));
    let file = File { until: selection.until(), ..file };
    let name = match selection.is_of_ticked() {
        true => csv::file_name(["leads", &member.project.name.to_lowercase(), "selected", times.zone_name()]),
        false => file_name(&member.project.name, query, &times),
    };
    Ok(csv::streamed(&name, &file.head(), file))
}

/// The leads of a view as a file, for a program.
pub fn stream(core: &Core, project: &Project, view: View, filters: Filters) -> Result<Response> {
    let position = lead_pages::start(&view);
    let file = File::new(core, project, (view, filters), position)?;
    let name = csv::file_name(["leads", &project.name.to_lowercase(), file.times.zone_name()]);
    Ok(csv::streamed(&name, &file.head(), file))
}

/// In the project's zone, whoever asks: a file is passed on.
fn times_of(core: &Core, project: &Project) -> Times {
    Times::new(core.clock.now(), &project.time_zone)
}

/// The filter and the zone stand in the name: `leads_juniper-cycles_complete_30-days_Asia-Singapore.csv`.
fn file_name(project: &str, query: &LeadsQuery, times: &Times) -> String {
    let days = if query.days.is_empty() { String::new() } else { format!("{}-days", query.days) };
    let found = if query.q.is_empty() { String::new() } else { format!("search-{}", query.q) };
    let view = if query.q.is_empty() { query.view.as_str() } else { "" };
    csv::file_name([
        "leads",
        &project.to_lowercase(),
        view,
        &found,
        &days,
        &query.stage,
        &query.quality,
        &query.campaign,
        times.zone_name(),
    ])
}

/// What of the file is still to be sent.
struct File {
    core: Core,
    project: ProjectId,
    view: View,
    filters: Filters,
    /// Leads that began later are left out.
    until: Timestamp,
    /// Keys of the form besides the contact.
    keys: Vec<String>,
    times: Times,
    next: Option<Position>,
}

impl csv::Parts for File {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        let Some(after) = self.next else { return Ok(None) };
        let (project, view, filters) = (self.project, self.view.clone(), self.filters.clone());
        let read = self
            .core
            .db
            .read(async move |conn| Ok(lead_pages::page(conn, project, (&view, &filters), after, ROWS).await?));
        let LeadPage { rows, next, .. } = read.await?;
        self.next = next;
        Ok(Some(rows.iter().filter(|lead| lead.created_at <= self.until).map(|lead| self.row(lead)).collect()))
    }
}

impl File {
    fn new(core: &Core, project: &Project, (view, filters): (View, Filters), position: Position) -> Result<Self> {
        let form = match &project.form {
            Some(form) => Form::parse(form)?,
            None => Form::default_form(),
        };
        let keys: BTreeSet<String> = form.fields.into_iter().map(|field| field.key).collect();
        Ok(Self {
            core: core.clone(),
            project: project.id,
            filters,
            until: Timestamp::MAX,
            keys: keys.into_iter().filter(|key| !COLUMNS.contains(&key.as_str())).collect(),
            times: times_of(core, project),
            next: Some(position),
            view,
        })
    }

    fn head(&self) -> String {
        let keys = self.keys.iter().map(String::as_str);
        csv::row(COLUMNS.into_iter().chain(keys).chain(MORE))
    }

    fn row(&self, lead: &ListedLead) -> String {
        let (fields, params) = (Fields::parse(&lead.fields), params_of(lead));
        let name = fields.get(NAME).map_or_else(|| name_of(lead, &fields, false).title, str::to_owned);
        let phone = fields.get(PHONE).or(lead.phone.as_deref()).unwrap_or_default();
        let param = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or_default();
        let value = lead.stage_value.map(|value| format!("{}.{:02}", value / 100, value % 100)).unwrap_or_default();
        let (created, last) = (self.times.with_offset(lead.created_at), self.times.with_offset(lead.last_message_at));
        let mut cells = vec![name.as_str(), phone, fields.get(EMAIL).unwrap_or_default()];
        cells.extend(self.keys.iter().map(|key| fields.get(key).unwrap_or_default()));
        cells.extend([
            lead.intent.as_deref().unwrap_or_default(),
            lead.status.as_str(),
            lead.stage.as_deref().unwrap_or("open"),
            &value,
            lead.currency.as_deref().unwrap_or_default(),
            lead.quality.as_str(),
            lead.handling.as_str(),
            lead.correlation_id.as_deref().unwrap_or_default(),
            param("utm_source"),
            param("utm_medium"),
            param("utm_campaign"),
            &lead.channel,
            &created,
            &last,
        ]);
        csv::row(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_what_it_holds() {
        let query = Query::parse("view=complete&days=30&q=").expect("few parameters");
        let query = LeadsQuery::parse(&query).expect("each given once");
        let times = Times::new(Timestamp::UNIX_EPOCH, "Asia/Singapore");
        let name = file_name("Juniper Cycles / \"east\"", &query, &times);
        assert_eq!(name, "leads_juniper-cycles-east_complete_30-days_Asia-Singapore.csv");
    }
}
