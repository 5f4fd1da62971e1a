//! What people of the business say of a lead: its stage, what it is worth, and its quality.

use crate::db::{Result, Tx};
use crate::domain::ids::{LeadId, ProjectId};
use crate::domain::lead::{Amount, Quality, Stage};
use crate::domain::time::Timestamp;
use crate::params;

/// What people say of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// How far it came; `None` while it is open.
    pub stage: Option<Stage>,
    /// What it is worth.
    pub amount: Option<Amount>,
    /// How good it is.
    pub quality: Quality,
    /// Why.
    pub reason: Option<String>,
}

/// Stores what people say of a lead.
pub async fn set(tx: &Tx, project: ProjectId, lead: LeadId, rating: &Rating, now: Timestamp) -> Result<u64> {
    let amount = rating.amount.as_ref();
    tx.execute(
        "UPDATE leads
         SET stage = $3, stage_value = $4, currency = $5, quality = $6, quality_reason = $7, updated_at = $8,
             qualified_at = CASE
                 WHEN $3 IN ('qualified', 'won') THEN COALESCE(qualified_at, $8)
                 WHEN $3 = 'lost' THEN qualified_at
             END,
             won_at = CASE WHEN $3 = 'won' THEN COALESCE(won_at, $8) END
         WHERE project_id = $1 AND id = $2",
        params![
            project,
            lead,
            rating.stage.map(Stage::as_str),
            amount.map(|amount| amount.hundredths),
            amount.map(|amount| amount.currency.as_str()),
            rating.quality.as_str(),
            &rating.reason,
            now
        ],
    )
    .await
}
