//! `/p/{project}/leads/export.csv`: the list as a file, with the same view, filters and search; streamed, so that memory does not grow
//! with its length.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::query::LeadsQuery;
use super::rows::{name_of, params_of};
use crate::core::Core;
use crate::domain::form::{EMAIL, Form, NAME, PHONE};
use crate::domain::ids::ProjectId;
use crate::engines::Engines;
use crate::http::console::lead_name::Fields;
use crate::http::console::times::Times;
use crate::http::console::who::{Export, Member};
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::store::lead_pages::{self, Filters, LeadPage, ListedLead, View};
use crate::store::window::Position;

/// Leads that are read at once.
const ROWS: u32 = 500;
/// What a spreadsheet needs to read UTF-8 as that.
const BYTE_ORDER_MARK: &str = "\u{feff}";
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
    let query = LeadsQuery { after: String::new(), ..LeadsQuery::parse(&query)? };
    let view = query.view(member.project.id, member.who.user.id);
    // In the project's zone, whoever asks: a file is passed on.
    let times = Times::new(core.clock.now(), &member.project.time_zone);
    let form = match &member.project.form {
        Some(form) => Form::parse(form)?,
        None => Form::default_form(),
    };
    let keys: BTreeSet<String> = form.fields.into_iter().map(|field| field.key).collect();
    let file = File {
        core: core.clone(),
        project: member.project.id,
        filters: query.filters(core.clock.now()),
        keys: keys.into_iter().filter(|key| !COLUMNS.contains(&key.as_str())).collect(),
        times,
        next: Some(query.position(&view)),
        view,
    };
    let name = file_name(&member.project.name, &query, &file.times);
    let head = Bytes::from(format!("{BYTE_ORDER_MARK}{}", file.head()));
    let disposition = format!("attachment; filename=\"{name}\"");
    let body = Body::from_stream(stream::try_unfold((Some(head), file), next_part));
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)], body)
        .into_response())
}

/// The filter and the zone stand in the name: `leads_juniper-cycles_complete_30-days_Asia-Singapore.csv`.
fn file_name(project: &str, query: &LeadsQuery, times: &Times) -> String {
    let clean = |text: &str| -> String {
        let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        let cleaned: String = letters.take(40).collect();
        cleaned.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    };
    let days = if query.days.is_empty() { String::new() } else { format!("{}-days", query.days) };
    let found = if query.q.is_empty() { String::new() } else { format!("search-{}", query.q) };
    let view = if query.q.is_empty() { query.view.as_str() } else { "" };
    let parts = [
        "leads",
        &project.to_lowercase(),
        view,
        &found,
        &days,
        &query.stage,
        &query.quality,
        &query.campaign,
        times.zone_name(),
    ];
    let parts: Vec<String> = parts.into_iter().map(clean).filter(|part| !part.is_empty()).collect();
    format!("{}.csv", parts.join("_"))
}

/// What of the file is still to be sent.
struct File {
    core: Core,
    project: ProjectId,
    view: View,
    filters: Filters,
    /// Keys of the form besides the contact.
    keys: Vec<String>,
    times: Times,
    next: Option<Position>,
}

type Part = Option<(Bytes, (Option<Bytes>, File))>;

async fn next_part((head, mut file): (Option<Bytes>, File)) -> anyhow::Result<Part> {
    if let Some(head) = head {
        return Ok(Some((head, (None, file))));
    }
    let Some(after) = file.next else { return Ok(None) };
    let (project, view, filters) = (file.project, file.view.clone(), file.filters.clone());
    let read =
        async move |conn: &crate::db::Conn| Ok(lead_pages::page(conn, project, (&view, &filters), after, ROWS).await?);
    let LeadPage { rows, next } = file.core.db.read(read).await.inspect_err(|error| {
        tracing::error!(error = format!("{error:#}"), "export cut off");
    })?;
    file.next = next;
    let text: String = rows.iter().map(|lead| file.row(lead)).collect();
    Ok(Some((Bytes::from(text), (None, file))))
}

impl File {
    fn head(&self) -> String {
        let keys = self.keys.iter().map(String::as_str);
        line(COLUMNS.into_iter().chain(keys).chain(MORE).map(cell))
    }

    fn row(&self, lead: &ListedLead) -> String {
        let (fields, params) = (Fields::parse(&lead.fields), params_of(lead));
        let name = fields.get(NAME).map_or_else(|| name_of(lead, &fields, false).title, str::to_owned);
        let phone = fields.get(PHONE).or(lead.phone.as_deref()).unwrap_or_default();
        let param = |key: &str| params.get(key).and_then(Value::as_str).unwrap_or_default();
        let value = lead.stage_value.map(|value| format!("{}.{:02}", value / 100, value % 100)).unwrap_or_default();
        let mut cells = vec![cell(&name), cell(phone), cell(fields.get(EMAIL).unwrap_or_default())];
        cells.extend(self.keys.iter().map(|key| cell(fields.get(key).unwrap_or_default())));
        cells.extend([
            cell(lead.intent.as_deref().unwrap_or_default()),
            cell(lead.status.as_str()),
            cell(lead.stage.as_deref().unwrap_or("open")),
            cell(&value),
            cell(lead.currency.as_deref().unwrap_or_default()),
            cell(lead.quality.as_str()),
            cell(lead.handling.as_str()),
            cell(lead.correlation_id.as_deref().unwrap_or_default()),
            cell(param("utm_source")),
            cell(param("utm_medium")),
            cell(param("utm_campaign")),
            cell(&lead.channel),
            self.times.with_offset(lead.created_at),
            self.times.with_offset(lead.last_message_at),
        ]);
        line(cells.into_iter())
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// A cell (RFC 4180). Numbers and phone numbers go out as they are; other text that a spreadsheet would run as a formula gets an
/// apostrophe.
fn cell(text: &str) -> String {
    let begins = text.trim_start_matches(' ').chars().next();
    let is_formula = matches!(begins, Some('=' | '+' | '-' | '@' | '\t' | '\r')) && !is_number(text) && !is_phone(text);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(decimals)
}

/// `^\+[0-9]{8,15}$`
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_typed_and_never_a_formula() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected, "{text:?}");
        for text in ["+6591234567", "-12.5", "42", "Mei Tan", "", "a=b"] {
            check(text, text);
        }
        check("=1+1", "'=1+1");
        check("+65 9123 4567", "'+65 9123 4567");
        check("  @SUM(A1)", "'  @SUM(A1)");
        check("-", "'-");
        check("\t=1", "'\t=1");
        check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        check("two\nlines", "\"two\nlines\"");
    }

    #[test]
    fn a_file_is_named_after_what_it_holds() {
        let query = Query::parse("view=complete&days=30&q=").expect("few parameters");
        let query = LeadsQuery::parse(&query).expect("each given once");
        let times = Times::new(crate::domain::time::Timestamp::UNIX_EPOCH, "Asia/Singapore");
        let name = file_name("Juniper Cycles / \"east\"", &query, &times);
        assert_eq!(name, "leads_juniper-cycles-east_complete_30-days_Asia-Singapore.csv");
    }
}
