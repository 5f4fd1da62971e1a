//! `/p/{project}/integrations/log/export.csv`: the list as a file, by the same filter; streamed, so that memory does not grow with
//! its length.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;

use super::super::csv;
use super::super::times::Times;
use super::super::webhook::cause::short_text;
use super::super::who::{Export, Member};
use super::list::{Found, find};
use super::read_filter;
use super::row::{About, State as DeliveryState};
use crate::core::Core;
use crate::deliveries::log_filter::LogFilter;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::store::delivery_rows::ListedDelivery;
use crate::store::window::Position;

/// Deliveries that are read at once.
const ROWS: usize = 500;
/// The columns, in the order of the screen.
const COLUMNS: [&str; 11] = [
    "created_at",
    "state",
    "event",
    "event_id",
    "webhook",
    "lead",
    "reference",
    "attempts",
    "answer",
    "took_ms",
    "next_attempt_at",
];

pub async fn export(State(engines): State<Engines>, member: Member<Export>, query: Query) -> Result<Response> {
    let (filter, now) = (read_filter(&query), engines.core.clock.now());
    // In the project's zone, whoever asks: a file is passed on.
    let times = Times::new(now, &member.project.time_zone);
    let mut parts = vec!["deliveries".to_owned(), member.project.name.to_lowercase()];
    parts.extend(filter.pairs().into_iter().filter(|(name, _)| *name != "webhook").map(|(_, value)| value));
    parts.push(times.zone_name().to_owned());
    let name = csv::file_name(parts.iter().map(String::as_str));
    let file = File {
        core: engines.core.clone(),
        project: member.project.id,
        filter,
        times,
        now,
        next: Some(Position::NEWEST),
    };
    Ok(csv::streamed(&name, &csv::row(COLUMNS), file))
}

/// What of the file is still to be sent.
struct File {
    core: Core,
    project: ProjectId,
    filter: LogFilter,
    times: Times,
    /// When the file was asked for: a period ends then.
    now: Timestamp,
    next: Option<Position>,
}

impl csv::Parts for File {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        let Some(before) = self.next else { return Ok(None) };
        let (project, filter, now) = (self.project, self.filter.clone(), self.now);
        let read = self.core.db.read(async move |conn| find(conn, project, &filter, now, (before, ROWS)).await);
        let Found { webhooks, rows, next, .. } = read.await?;
        self.next = next.map(|(at, _)| at);
        let titles = webhooks.into_iter().map(|webhook| (webhook.id, webhook.title)).collect();
        Ok(Some(rows.iter().map(|delivery| self.row(delivery, &titles)).collect()))
    }
}

impl File {
    fn row(&self, delivery: &ListedDelivery, titles: &HashMap<WebhookId, String>) -> String {
        let about = About::of(&delivery.body, delivery.lead_fields.as_deref());
        let state = DeliveryState::of(delivery);
        let due_at = match state {
            DeliveryState::Retrying(due_at) => due_at,
            _ => None,
        };
        let webhook = titles.get(&delivery.webhook).map(String::as_str).unwrap_or_default();
        csv::row([
            self.times.with_offset(delivery.created_at).as_str(),
            state.word(),
            &delivery.event_type,
            &delivery.event_id,
            webhook,
            about.person.as_deref().unwrap_or_default(),
            delivery.correlation_id.as_deref().or(about.reference.as_deref()).unwrap_or_default(),
            &delivery.attempts.to_string(),
            &delivery.result.map(short_text).unwrap_or_default(),
            &delivery.duration_ms.map(|ms| ms.to_string()).unwrap_or_default(),
            &due_at.map(|at| self.times.with_offset(at)).unwrap_or_default(),
        ])
    }
}
