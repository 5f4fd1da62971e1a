//! The payload templates of webhooks: the present one in the row of its webhook, which deliveries read anyhow, and the versions before.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::params;

/// Versions of a webhook's template that stay, so that the log can show what an attempt sent.
pub const VERSIONS_KEPT: u32 = 100;

/// What makes the bodies of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadTemplate {
    /// Counted from 1 by webhook.
    pub version: u32,
    /// What its owner wrote.
    pub text: String,
}

/// Gives a webhook this template and returns its version; `None` where there is no such webhook.
pub async fn set(tx: &Tx, project: ProjectId, webhook: WebhookId, text: &str, now: Timestamp) -> Result<Option<u32>> {
    let version: Option<u32> = tx
        .find(
            "UPDATE webhooks
             SET template = $3, template_version = template_version + 1
             WHERE project_id = $1 AND id = $2 AND removed_at IS NULL
             RETURNING template_version",
            params![project, webhook, text],
            |row| row.get(0),
        )
        .await?;
    let Some(version) = version else { return Ok(None) };
    tx.execute(
        "INSERT INTO payload_templates (webhook_id, version, project_id, template, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        params![webhook, version, project, text, now],
    )
    .await?;
    tx.execute(
        "DELETE FROM payload_templates WHERE project_id = $1 AND webhook_id = $2 AND version <= $3",
        params![project, webhook, version.saturating_sub(VERSIONS_KEPT)],
    )
    .await?;
    Ok(Some(version))
}

/// Takes the template from a webhook; `false` where it has none. The number of its version stays.
pub async fn remove(tx: &Tx, project: ProjectId, webhook: WebhookId) -> Result<bool> {
    tx.execute_one(
        "UPDATE webhooks
         SET template = NULL
         WHERE project_id = $1 AND id = $2 AND template IS NOT NULL AND removed_at IS NULL",
        params![project, webhook],
    )
    .await
}

/// A version of the template of the project's webhook, removed or not; `None` where it is not kept any more.
pub async fn find(conn: &Conn, project: ProjectId, webhook: &str, version: u32) -> Result<Option<PayloadTemplate>> {
    conn.find(
        "SELECT t.version, t.template
         FROM webhooks AS w JOIN payload_templates AS t ON t.webhook_id = w.id AND t.project_id = w.project_id
         WHERE w.project_id = $1 AND w.public_id = $2 AND t.version = $3",
        params![project, webhook, version],
        |row| Ok(PayloadTemplate { version: row.get(0)?, text: row.get(1)? }),
    )
    .await
}
