//! What of a webhook its owner changes: its settings, and whether it is paused. What changes one returns `false` where it is not
//! there any more.

use super::webhooks::CANCELLED_PER_WRITE;
use crate::db::{Result, Tx};
use crate::domain::delivery::Policy;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::rate_limit::Limits;
use crate::domain::time::Timestamp;
use crate::params;

/// The settings of a webhook.
#[derive(Clone, Debug)]
pub struct Settings {
    /// As its owner calls it; empty where they do not say.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// Custom headers, sealed.
    pub sealed_headers: String,
    /// The types of events that it wants.
    pub events: Vec<String>,
    /// What happens when an attempt fails.
    pub policy: Policy,
    /// How fast it may be called.
    pub limits: Limits,
}

/// Replaces the settings. Id and secrets stay.
pub async fn update(tx: &Tx, project: ProjectId, id: WebhookId, settings: &Settings) -> Result<bool> {
    let events = serde_json::Value::from(settings.events.clone()).to_string();
    tx.execute_one(
        "UPDATE webhooks
         SET name = $3, url = $4, sealed_headers = $5, events = $6, policy = $7, rate_per_second = $8, concurrency = $9
         WHERE project_id = $1 AND id = $2 AND removed_at IS NULL",
        params![
            project,
            id,
            &settings.name,
            &settings.url,
            &settings.sealed_headers,
            &events,
            settings.policy.as_str(),
            settings.limits.rate_per_second,
            settings.limits.concurrency
        ],
    )
    .await
}

/// Pauses an active webhook; `false` where it is off, or paused already.
pub async fn pause(tx: &Tx, project: ProjectId, id: WebhookId, now: Timestamp) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
         SET paused_at = $3
         WHERE project_id = $1 AND id = $2 AND is_active AND paused_at IS NULL AND removed_at IS NULL",
        params![project, id, now],
    )
    .await
}

/// Resumes a paused webhook; `false` where it is not paused.
pub async fn resume(tx: &Tx, project: ProjectId, id: WebhookId) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
         SET paused_at = NULL
         WHERE project_id = $1 AND id = $2 AND paused_at IS NOT NULL AND removed_at IS NULL",
        params![project, id],
    )
    .await
}

/// Cancels up to [`CANCELLED_PER_WRITE`] waiting deliveries of a webhook that is paused, and returns how many.
pub async fn skip_waiting(tx: &Tx, project: ProjectId, id: WebhookId) -> Result<u64> {
    tx.execute(
        "UPDATE deliveries
         SET status = 'cancelled', due_at = NULL
         WHERE status = 'pending' AND id IN (
             SELECT id
             FROM deliveries
             WHERE webhook_id = (SELECT id FROM webhooks WHERE project_id = $1 AND id = $2 AND paused_at IS NOT NULL)
               AND status = 'pending'
             ORDER BY due_at
             LIMIT $3
         )",
        params![project, id, CANCELLED_PER_WRITE],
    )
    .await
}
