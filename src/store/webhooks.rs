//! Webhooks: endpoints that events are delivered to. What changes one returns `false` where it is not there any more.

use jiff::Timestamp;

use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::delivery::Policy;
use crate::domain::ids::{KeyId, ProjectId, WebhookId};
use crate::domain::rate_limit::Limits;
use crate::domain::seal::Place;
use crate::params;
use crate::store::payload_templates::PayloadTemplate;

/// Webhooks that one project may have.
pub const PER_PROJECT_MAX: i64 = 200;
/// Webhooks that one statement reads: above what may be made, so that two made at the same time are not lost.
const READ_MAX: i64 = 2 * PER_PROJECT_MAX;
/// Deliveries that one transaction cancels, so that removing a webhook holds nobody's writes up for long.
pub const CANCELLED_PER_WRITE: i64 = 1_000;

/// An endpoint, its secrets and what it wants.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The row.
    pub id: WebhookId,
    /// What partners and the console call it: a UUID.
    pub public_id: String,
    /// Whose it is.
    pub project: ProjectId,
    /// The API key that it was registered with; `None` for one made in the console or by command.
    pub key_id: Option<KeyId>,
    /// Decides how phone numbers are written: bare for `external`, E.164 for every other.
    pub service_name: String,
    /// Where events go.
    pub url: String,
    /// What they are signed with, sealed.
    pub sealed_secret: String,
    /// The secret before the last rotation, sealed.
    pub sealed_previous_secret: Option<String>,
    /// Up to when the previous secret signs too.
    pub previous_secret_until: Option<Timestamp>,
    /// Custom headers, as `outbound::headers` writes them, sealed.
    pub sealed_headers: String,
    /// The types of events that it wants.
    pub events: Vec<String>,
    /// What happens when an attempt fails.
    pub policy: Policy,
    /// Whether events are delivered.
    pub is_active: bool,
    /// Why it was turned off, in the console's words.
    pub off_reason: Option<String>,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How fast it may be called.
    pub limits: Limits,
    /// As its owner calls it; empty where they did not say.
    pub name: String,
    /// Since when its deliveries wait, where somebody paused it.
    pub paused_at: Option<Timestamp>,
    /// What makes its bodies; `None` where events go as they are.
    pub template: Option<PayloadTemplate>,
}

impl Webhook {
    /// What people call it: its name, or the host of its URL.
    pub fn title(&self) -> String {
        title(&self.name, &self.url)
    }

    /// Where its secrets are sealed for.
    pub fn secret_place(&self) -> Place<'_> {
        Place::WebhookSecret(self.project, &self.public_id)
    }

    /// Where its headers are sealed for.
    pub fn headers_place(&self) -> Place<'_> {
        Place::WebhookHeaders(self.project, &self.public_id)
    }
}

/// What people call a webhook: its name, or the host of its URL.
pub fn title(name: &str, url: &str) -> String {
    let host = || url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    if name.is_empty() { host().unwrap_or_else(|| url.to_owned()) } else { name.to_owned() }
}

/// What a webhook starts with.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// A new UUID.
    pub public_id: String,
    /// As in [`Webhook::key_id`].
    pub key_id: Option<KeyId>,
    /// As in [`Webhook::service_name`].
    pub service_name: String,
    /// As in [`Webhook::url`].
    pub url: String,
    /// As in [`Webhook::sealed_secret`].
    pub sealed_secret: String,
    /// As in [`Webhook::sealed_headers`].
    pub sealed_headers: String,
    /// As in [`Webhook::events`].
    pub events: Vec<String>,
    /// As in [`Webhook::policy`].
    pub policy: Policy,
    /// As in [`Webhook::limits`].
    pub limits: Limits,
    /// As in [`Webhook::name`].
    pub name: String,
}

/// The columns of a webhook, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, public_id, project_id, key_id, service_name, url, sealed_secret, sealed_previous_secret, previous_secret_until,
         sealed_headers, events, policy, is_active, off_reason, failing_since, created_at, rate_per_second, concurrency, name,
         paused_at, template, template_version"
    };
}

fn read(row: &Row<'_>) -> Result<Webhook> {
    let (events, policy): (String, String) = (row.get(10)?, row.get(11)?);
    let (template, version) = (row.get::<Option<String>>(20)?, row.get(21)?);
    Ok(Webhook {
        id: row.get(0)?,
        public_id: row.get(1)?,
        project: row.get(2)?,
        key_id: row.get(3)?,
        service_name: row.get(4)?,
        url: row.get(5)?,
        sealed_secret: row.get(6)?,
        sealed_previous_secret: row.get(7)?,
        previous_secret_until: row.get(8)?,
        sealed_headers: row.get(9)?,
        events: serde_json::from_str(&events).map_err(|_| Error::Column(10))?,
        policy: Policy::parse(&policy).ok_or(Error::Column(11))?,
        is_active: row.get(12)?,
        off_reason: row.get(13)?,
        failing_since: row.get(14)?,
        created_at: row.get(15)?,
        limits: Limits { rate_per_second: row.get(16)?, concurrency: row.get(17)? },
        name: row.get(18)?,
        paused_at: row.get(19)?,
        template: template.map(|text| PayloadTemplate { version, text }),
    })
}

/// Stores a webhook. A key has one: where it has one already, only its URL is replaced, and it is active (again).
pub async fn insert(tx: &Tx, project: ProjectId, new: &NewWebhook, now: Timestamp) -> Result<Webhook> {
    let events = serde_json::Value::from(new.events.clone()).to_string();
    tx.get(
        concat!("INSERT INTO webhooks (public_id, project_id, key_id, service_name, url, sealed_secret, sealed_headers, events,
                               policy, is_active, rate_per_second, concurrency, next_at, created_at, name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, TRUE, $10, $11, 0, $12, $13)
         ON CONFLICT (key_id) WHERE key_id IS NOT NULL AND removed_at IS NULL
         DO UPDATE SET url = excluded.url, is_active = TRUE, off_reason = NULL, failing_since = NULL, turned_off_at = NULL
         RETURNING ", columns!(), ""),
        params![
            &new.public_id,
            project,
            new.key_id,
            &new.service_name,
            &new.url,
            &new.sealed_secret,
            &new.sealed_headers,
            &events,
            new.policy.as_str(),
            new.limits.rate_per_second,
            new.limits.concurrency,
            now,
            &new.name
        ],
        read,
    )
    .await
}

/// The active ones of the webhooks with these row keys, but for paused ones. For the dispatcher, which works for every tenant.
pub async fn find_active(conn: &Conn, ids: &[WebhookId]) -> Result<Vec<Webhook>> {
    const FIND: Sql = Sql {
        sqlite: concat!(
            "SELECT ",
            columns!(),
            " FROM webhooks WHERE id = $1 AND is_active AND paused_at IS NULL AND removed_at IS NULL"
        ),
        postgres: concat!(
            "SELECT ",
            columns!(),
            "
                   FROM webhooks
                   WHERE id = ANY ($1::bigint[]) AND is_active AND paused_at IS NULL AND removed_at IS NULL
                   ORDER BY id"
        ),
    };
    let rows: Vec<_> = ids.iter().map(|&id| [id.into()]).collect();
    conn.query_rows(FIND, &rows, read).await
}

/// The project's webhook with that row key, unless it was removed.
pub async fn get(conn: &Conn, project: ProjectId, id: WebhookId) -> Result<Webhook> {
    conn.get(
        concat!("SELECT ", columns!(), " FROM webhooks WHERE project_id = $1 AND id = $2 AND removed_at IS NULL"),
        params![project, id],
        read,
    )
    .await
}

/// The API key that the project's webhook was registered with, if there is such a webhook and it was registered with one.
pub async fn key_of(conn: &Conn, project: ProjectId, id: WebhookId) -> Result<Option<KeyId>> {
    conn.find(
        "SELECT key_id FROM webhooks WHERE project_id = $1 AND id = $2 AND key_id IS NOT NULL AND removed_at IS NULL",
        params![project, id],
        |row| row.get(0),
    )
    .await
}

/// By the id that people see.
pub async fn find_public(conn: &Conn, project: ProjectId, public_id: &str) -> Result<Option<Webhook>> {
    conn.find(
        concat!(
            "SELECT ",
            columns!(),
            " FROM webhooks WHERE project_id = $1 AND public_id = $2 AND removed_at IS NULL"
        ),
        params![project, public_id],
        read,
    )
    .await
}

/// The one webhook of an API key.
pub async fn find_by_key(conn: &Conn, project: ProjectId, key_id: KeyId) -> Result<Option<Webhook>> {
    conn.find(
        concat!("SELECT ", columns!(), " FROM webhooks WHERE project_id = $1 AND key_id = $2 AND removed_at IS NULL"),
        params![project, key_id],
        read,
    )
    .await
}

/// All of a project, oldest first.
pub async fn list(conn: &Conn, project: ProjectId) -> Result<Vec<Webhook>> {
    conn.query(
        concat!(
            "SELECT ",
            columns!(),
            " FROM webhooks WHERE project_id = $1 AND removed_at IS NULL ORDER BY id LIMIT $2"
        ),
        params![project, READ_MAX],
        read,
    )
    .await
}

/// Those of every project with a row key above `after`, removed ones too, at most `most`: for sealing them anew.
pub async fn page_of_all(conn: &Conn, after: WebhookId, most: u32) -> Result<Vec<Webhook>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2"),
        params![after, most],
        read,
    )
    .await
}

/// Stores what of a webhook is sealed, removed or not.
pub async fn set_sealed(tx: &Tx, project: ProjectId, webhook: &Webhook) -> Result<()> {
    tx.execute(
        "UPDATE webhooks
         SET sealed_secret = $3, sealed_previous_secret = $4, sealed_headers = $5
         WHERE project_id = $1 AND id = $2",
        params![project, webhook.id, &webhook.sealed_secret, &webhook.sealed_previous_secret, &webhook.sealed_headers],
    )
    .await
    .map(|_| ())
}

/// How many a project has.
pub async fn count(conn: &Conn, project: ProjectId) -> Result<i64> {
    conn.get("SELECT COUNT(*) FROM webhooks WHERE project_id = $1 AND removed_at IS NULL", params![project], |row| {
        row.get(0)
    })
    .await
}

/// The active webhooks that subscribe to events of a type, for each of these projects and types.
pub async fn subscribed(conn: &Conn, wanted: &[(ProjectId, &str)]) -> Result<Vec<Webhook>> {
    const SUBSCRIBED: Sql = Sql {
        sqlite: concat!("SELECT ", columns!(), "
                 FROM webhooks
                 WHERE project_id = $1 AND is_active AND removed_at IS NULL AND events LIKE $2
                 ORDER BY id
                 LIMIT $3"),
        postgres: concat!("SELECT subscribed.*
                   FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS wanted (project_id, listed, most)
                   CROSS JOIN LATERAL (
                       SELECT ", columns!(), "
                       FROM webhooks
                       WHERE project_id = wanted.project_id AND is_active AND removed_at IS NULL AND events LIKE wanted.listed
                       ORDER BY id
                       LIMIT wanted.most
                   ) AS subscribed"),
    };
    let listed: Vec<_> = wanted.iter().map(|(_, event_type)| format!("%\"{event_type}\"%")).collect();
    let rows: Vec<_> = wanted
        .iter()
        .zip(&listed)
        .map(|((project, _), listed)| [(*project).into(), listed.into(), READ_MAX.into()])
        .collect();
    conn.query_rows(SUBSCRIBED, &rows, read).await
}

/// Puts a new secret in place; the one before signs too until `previous_until`.
pub async fn rotate(
    tx: &Tx,
    project: ProjectId,
    id: WebhookId,
    sealed_secret: &str,
    previous_until: Timestamp,
) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
             SET sealed_previous_secret = sealed_secret, previous_secret_until = $4, sealed_secret = $3
             WHERE project_id = $1 AND id = $2 AND removed_at IS NULL",
        params![project, id, sealed_secret, previous_until],
    )
    .await
}

/// Turns a webhook on, or off for a reason. Turned on, it starts with a clean record; it is not paused any more.
pub async fn set_active(
    tx: &Tx,
    project: ProjectId,
    id: WebhookId,
    is_active: bool,
    off_reason: Option<&str>,
) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
             SET is_active = $3, off_reason = $4, failing_since = NULL, paused_at = NULL, turned_off_at = NULL
             WHERE project_id = $1 AND id = $2 AND removed_at IS NULL",
        params![project, id, is_active, off_reason],
    )
    .await
}

/// Turns a webhook off because of how its receiver responds; `false` where it is off already, for a reason that stays.
pub async fn turn_off(tx: &Tx, project: ProjectId, id: WebhookId, reason: &str, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
             SET is_active = FALSE, off_reason = $3, failing_since = NULL, turned_off_at = $4
             WHERE project_id = $1 AND id = $2 AND is_active AND removed_at IS NULL",
        params![project, id, reason, now],
    )
    .await
}

/// Records since when every attempt has failed; `None` once one has succeeded.
pub async fn set_failing_since(tx: &Tx, project: ProjectId, id: WebhookId, since: Option<Timestamp>) -> Result<()> {
    tx.execute("UPDATE webhooks SET failing_since = $3 WHERE project_id = $1 AND id = $2", params![project, id, since])
        .await
        .map(|_| ())
}

/// Removes a webhook; its past deliveries stay on record. What waits is cancelled by [`cancel_deliveries`].
pub async fn remove(tx: &Tx, project: ProjectId, id: WebhookId, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
             SET removed_at = $3, is_active = FALSE
             WHERE project_id = $1 AND id = $2 AND removed_at IS NULL",
        params![project, id, now],
    )
    .await
}

/// Cancels up to [`CANCELLED_PER_WRITE`] waiting deliveries of the project's webhook and returns how many.
pub async fn cancel_deliveries(tx: &Tx, project: ProjectId, id: WebhookId) -> Result<u64> {
    tx.execute(
        "UPDATE deliveries
         SET status = 'cancelled', due_at = NULL
         WHERE status = 'pending' AND id IN (
             SELECT id
             FROM deliveries
             WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2) AND status = 'pending'
             ORDER BY due_at
             LIMIT $3
         )",
        params![project, id, CANCELLED_PER_WRITE],
    )
    .await
}
