//! What partners see: keys, the webhook of a key, leads and attribution, to the letter of their documents.

mod access;
mod dates;
mod lists;
mod openapi;
mod paging;
mod revoked_key;
mod webhook_config;

use aurix::db::Tx;
use aurix::net::Method;
use aurix::params;

use crate::support::{HttpResponse, Project, TestApp};

/// A partner with a key.
pub struct Partner<'a> {
    app: &'a TestApp,
    authorization: String,
}

impl<'a> Partner<'a> {
    pub async fn new(app: &'a TestApp, project: &Project, service: &str) -> Self {
        Self { app, authorization: format!("Bearer {}", app.key(project, service).await) }
    }

    pub async fn get(&self, path: &str) -> HttpResponse {
        self.app.get(path, &[("authorization", &self.authorization)]).await
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> HttpResponse {
        let headers = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        self.app.send(method, path, &headers, body.to_owned()).await
    }

    async fn put_webhook(&self, path: &str, url: &str) -> HttpResponse {
        self.send(Method::PUT, path, &serde_json::json!({ "url": url }).to_string()).await
    }
}

/// The fields that a problem names, one space between them.
fn named_fields(response: &HttpResponse) -> String {
    assert_eq!(response.header("content-type"), "application/problem+json", "{}", response.text());
    let problem = response.json();
    assert_eq!(problem["detail"], problem["message"]);
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["field"].as_str().unwrap_or("?").to_owned()).collect::<Vec<_>>().join(" ")
}

/// A lead to be stored as it is.
#[derive(Clone)]
struct StoredLead {
    created_at: i64,
    updated_at: i64,
    fields: String,
    status: &'static str,
    /// When its session was linked; `None` for a lead without a click.
    correlated_at: Option<i64>,
}

impl StoredLead {
    /// A lead without a click that is known by nothing.
    fn at(created_at: i64) -> Self {
        Self { created_at, updated_at: created_at, fields: "{}".to_owned(), status: "active", correlated_at: None }
    }
}

fn microseconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a time").as_microsecond()
}

/// Stores leads, each with a conversation, and a session with two clicks where it is linked. Answers their rows.
async fn store_leads(app: &TestApp, project: &Project, leads: Vec<StoredLead>) -> Vec<i64> {
    let project = project.id.0;
    app.core
        .db
        .write(async move |tx| {
            let mut ids = Vec::new();
            for lead in &leads {
                ids.push(store_lead(tx, project, lead).await?);
            }
            Ok(ids)
        })
        .await
        .expect("leads can be stored")
}

async fn store_lead(tx: &Tx, project: i64, lead: &StoredLead) -> anyhow::Result<i64> {
    let conversation: i64 = tx
        .get(
            "INSERT INTO conversations (public_id, project_id, channel, agent_state, answered_up_to, created_at)
             SELECT 'c' || CAST(COALESCE((SELECT MAX(id) FROM conversations), 0) + 1 AS TEXT), $1, MIN(id), '{}', 0, $2
             FROM channels WHERE project_id = $1
             RETURNING id",
            params![project, lead.created_at],
            |row| row.get(0),
        )
        .await?;
    let session = match lead.correlated_at {
        Some(correlated_at) => Some(store_session(tx, project, conversation, lead.created_at, correlated_at).await?),
        None => None,
    };
    let id = tx
        .get(
            "INSERT INTO leads (project_id, conversation_id, session_id, status, fields, created_at, updated_at, is_internal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE)
             RETURNING id",
            params![project, conversation, session, lead.status, &lead.fields, lead.created_at, lead.updated_at],
            |row| row.get(0),
        )
        .await?;
    Ok(id)
}

async fn store_session(tx: &Tx, project: i64, conversation: i64, at: i64, correlated_at: i64) -> anyhow::Result<i64> {
    let session: i64 = tx
        .get(
            "INSERT INTO sessions (project_id, device_id, correlation_id, folded_id, started_at, conversation_id,
                                   correlated_at)
             VALUES ($1, $2, $3, $3, $4, $5, $6)
             RETURNING id",
            params![
                project,
                "9fad5f62-2d08-49d4-852a-b48be43beb68",
                &format!("O-{conversation:0>7}"),
                at,
                conversation,
                correlated_at
            ],
            |row| row.get(0),
        )
        .await?;
    for (url, nth) in [("https://example.com/landing?utm_source=google", 0), ("https://example.com/later", 1)] {
        tx.execute(
            "INSERT INTO clicks (id, project_id, session_id, widget_id, click_url, first_raw_url, parsed_params, ip_address,
                                 user_agent, linked, created_at)
             VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, TRUE, $9)",
            params![
                2 * session + nth,
                project,
                session,
                url,
                "https://example.com/first",
                r#"{"utm_source":"google"}"#,
                "127.0.0.1",
                "Mozilla/5.0...",
                at + nth * 1_000_000
            ],
        )
        .await?;
    }
    Ok(session)
}
