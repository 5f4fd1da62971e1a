//! Sends again what was sent before: one delivery, or all of a webhook that failed since a time.

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::store::delivery_log;

/// Deliveries made due in one transaction.
const BATCH: u32 = 1_000;

/// Makes a delivery due again; tells whether there was one.
pub async fn resend_delivery(app: &App, delivery: i64) -> anyhow::Result<bool> {
    let now = app.clock.now();
    let found = app.db.write(async move |tx| Ok(delivery_log::resend(tx, delivery, now).await?)).await?;
    app.wake.ring();
    Ok(found)
}

/// Makes all failed deliveries of a webhook due again whose event is not older than `since`. `progress` hears how many
/// there are so far.
pub async fn resend_failed(app: &App, webhook: i64, since: Timestamp, progress: impl Fn(u64)) -> anyhow::Result<u64> {
    let mut total = 0;
    loop {
        let now = app.clock.now();
        let batch = app
            .db
            .write(async move |tx| Ok(delivery_log::resend_failed(tx, webhook, since, now, BATCH).await?))
            .await?;
        total += batch;
        progress(total);
        app.wake.ring();
        if batch < u64::from(BATCH) {
            return Ok(total);
        }
    }
}
