//! `/p/{project}/settings/audit`: who changed what in the project, and the same as CSV.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use crate::core::Core;
use crate::domain::ids::{AuditId, ProjectId};
use crate::domain::time::with_microseconds;
use crate::engines::Engines;
use crate::http::console::csv;
use crate::http::console::frame::Frame;
use crate::http::console::view::page;
use crate::http::console::who::{Configure, Member};
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::store::audit::{self, Entry};

/// Rows of a page.
const PAGE: u32 = 50;
/// Rows of a file that are read at once.
const ROWS: u32 = 500;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/settings/audit", show).get("/p/{project}/settings/audit.csv", export)
}

#[derive(Template)]
#[template(path = "settings/audit.html")]
struct AuditPage {
    frame: Frame,
    entries: Vec<Entry>,
    next: Option<AuditId>,
}

impl Entry {
    /// Who made the change, in words.
    fn who(&self) -> String {
        let name = self.actor_name.as_deref().unwrap_or_default();
        match self.actor_kind.as_str() {
            "person" => name.to_owned(),
            "key" => format!("API key of {name}"),
            "token" => format!("token {name}"),
            "command" => format!("command by {}", if name.is_empty() { "somebody" } else { name }),
            _ => "Aurix".to_owned(),
        }
    }

    /// The details as `name: value`.
    fn detail_words(&self) -> String {
        let detail: Value = serde_json::from_str(&self.detail).unwrap_or_default();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = detail.as_object().into_iter().flatten();
        pairs.map(|(name, value)| format!("{name}: {}", text(value))).collect::<Vec<_>>().join(", ")
    }
}

async fn show(State(engines): State<Engines>, member: Member<Configure>, query: Query) -> Result<Response> {
    let before = query.one("before").ok().flatten().and_then(|text| text.parse().ok()).unwrap_or(AuditId(i64::MAX));
    let project = member.project.id;
    let mut entries =
        engines.core.db.read(async move |conn| Ok(audit::page(conn, project, before, PAGE + 1).await?)).await?;
    let has_more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let next = entries.last().map(|entry| entry.id).filter(|_| has_more);
    page(&AuditPage { frame: Frame::of_member(&engines.core, &member, "settings").await?, entries, next })
}

async fn export(State(engines): State<Engines>, member: Member<Configure>) -> Response {
    let name = csv::file_name(["audit", &member.project.name.to_lowercase()]);
    let head = csv::row(["at", "action", "who", "object", "id", "detail"]);
    let file = File { core: engines.core.clone(), project: member.project.id, next: Some(AuditId(i64::MAX)) };
    csv::streamed(&name, &head, file)
}

/// What of the file is still to be sent.
struct File {
    core: Core,
    project: ProjectId,
    next: Option<AuditId>,
}

impl csv::Parts for File {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        let (Some(before), project) = (self.next, self.project) else { return Ok(None) };
        let read = self.core.db.read(async move |conn| Ok(audit::page(conn, project, before, ROWS).await?));
        let entries = read.await?;
        self.next = entries.last().map(|entry| entry.id);
        let line = |entry: &Entry| {
            let (at, who) = (with_microseconds(entry.at), entry.who());
            csv::row([&at, &entry.action, &who, &entry.object_kind, &entry.object_id, &entry.detail])
        };
        Ok(Some(entries.iter().map(line).collect()))
    }
}
