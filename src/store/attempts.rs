//! Attempts as the dispatcher logs them, and their counts by quarter of an hour.

use std::collections::{BTreeMap, HashSet};

use crate::db::{Result, Sql, Tx, Value};
use crate::domain::attempt_result::AttemptResult;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::ids::{DeliveryId, WebhookId};
use crate::domain::latency::{BUCKETS, Latencies};
use crate::domain::time::Timestamp;

/// Microseconds of a quarter of an hour.
pub const QUARTER_US: i64 = 15 * 60 * 1_000_000;
/// Of an attempt without a response: it counts in no bucket.
const NO_BUCKET: i64 = -1;

/// What the log keeps of an attempt.
pub struct AttemptRow<'a> {
    /// Row key of the delivery.
    pub delivery_id: DeliveryId,
    /// Row key of its webhook.
    pub webhook_id: WebhookId,
    /// From 1.
    pub number: u32,
    /// When the request began.
    pub started_at: Timestamp,
    /// Until its end.
    pub duration_ms: i64,
    /// The status of the response, where there was one.
    pub status_code: Option<i64>,
    /// How it ended.
    pub outcome: &'a AttemptOutcome,
    /// What lists are searched by.
    pub result: AttemptResult,
    /// The headers of the request, as the log has them.
    pub sent: &'a str,
    /// JSON: a list of names and values.
    pub response_headers: Option<&'a str>,
    /// At most 16 KiB.
    pub response_body: Option<&'a str>,
}

impl<'a> AttemptRow<'a> {
    fn values(&self, slot: i64) -> [Value<'a>; 14] {
        [
            self.delivery_id.into(),
            self.number.into(),
            self.started_at.into(),
            self.duration_ms.into(),
            self.status_code.into(),
            self.outcome.error().into(),
            self.sent.into(),
            self.response_headers.into(),
            self.response_body.into(),
            self.webhook_id.into(),
            self.quarter().into(),
            slot.into(),
            i64::from(self.is_delivered()).into(),
            self.bucket().into(),
        ]
    }

    fn quarter(&self) -> i64 {
        quarter_of(self.started_at)
    }

    fn is_delivered(&self) -> bool {
        *self.outcome == AttemptOutcome::Delivered
    }

    fn bucket(&self) -> i64 {
        let duration = u64::try_from(self.duration_ms).unwrap_or_default();
        match self.result {
            AttemptResult::Status(_) => i64::try_from(Latencies::bucket(duration)).unwrap_or(NO_BUCKET),
            AttemptResult::None(_) => NO_BUCKET,
        }
    }
}

/// The quarter of an hour of a time: quarters since 1970, in UTC.
pub fn quarter_of(time: Timestamp) -> i64 {
    time.as_microsecond().div_euclid(QUARTER_US)
}

/// Logs attempts of deliveries that the dispatcher has leased, and counts them in `slot`. One that is logged already, by a write of
/// which the outcome was unknown, is left as it is, and not counted again.
pub async fn log(tx: &Tx, attempts: &[AttemptRow<'_>], slot: i64) -> Result<()> {
    // PostgreSQL counts what it logs in the same statement: it is sent together with others, without waiting for its result.
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error,
                                       sent, response_headers, response_body)
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE $10 + $11 + $12 + $13 + $14 IS NOT NULL
                 ON CONFLICT (delivery_id, number, started_at) DO NOTHING
                 RETURNING delivery_id, number",
        postgres: "WITH made AS (
                       SELECT *
                       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
                                   $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[],
                                   $13::bigint[], $14::bigint[])
                           AS made (delivery_id, number, started_at, duration_ms, status_code, error, sent,
                                    response_headers, response_body, webhook_id, quarter, slot, delivered, bucket)
                   ), logged AS (
                       INSERT INTO attempts (delivery_id, number, started_at, duration_ms, status_code, error,
                                             sent, response_headers, response_body)
                       SELECT delivery_id, number, started_at, duration_ms, status_code, error, sent, response_headers,
                              response_body
                       FROM made
                       ON CONFLICT (delivery_id, number, started_at) DO NOTHING
                       RETURNING delivery_id, number
                   )
                   INSERT INTO delivery_counts AS counts (webhook_id, quarter, slot, delivered, failed,
                                                          b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11)
                   SELECT webhook_id, quarter, slot, SUM(delivered), SUM(1 - delivered),
                          COUNT(*) FILTER (WHERE bucket = 0), COUNT(*) FILTER (WHERE bucket = 1),
                          COUNT(*) FILTER (WHERE bucket = 2), COUNT(*) FILTER (WHERE bucket = 3),
                          COUNT(*) FILTER (WHERE bucket = 4), COUNT(*) FILTER (WHERE bucket = 5),
                          COUNT(*) FILTER (WHERE bucket = 6), COUNT(*) FILTER (WHERE bucket = 7),
                          COUNT(*) FILTER (WHERE bucket = 8), COUNT(*) FILTER (WHERE bucket = 9),
                          COUNT(*) FILTER (WHERE bucket = 10), COUNT(*) FILTER (WHERE bucket = 11)
                   FROM made JOIN logged USING (delivery_id, number)
                   GROUP BY webhook_id, quarter, slot
                   ORDER BY webhook_id, quarter, slot
                   ON CONFLICT (webhook_id, quarter, slot) DO UPDATE
                   SET delivered = counts.delivered + excluded.delivered, failed = counts.failed + excluded.failed,
                       b0 = counts.b0 + excluded.b0, b1 = counts.b1 + excluded.b1, b2 = counts.b2 + excluded.b2,
                       b3 = counts.b3 + excluded.b3, b4 = counts.b4 + excluded.b4, b5 = counts.b5 + excluded.b5,
                       b6 = counts.b6 + excluded.b6, b7 = counts.b7 + excluded.b7, b8 = counts.b8 + excluded.b8,
                       b9 = counts.b9 + excluded.b9, b10 = counts.b10 + excluded.b10, b11 = counts.b11 + excluded.b11",
    };
    let rows: Vec<_> = attempts.iter().map(|attempt| attempt.values(slot)).collect();
    let logged: Vec<(DeliveryId, u32)> = tx.query_rows(INSERT, &rows, |row| Ok((row.get(0)?, row.get(1)?))).await?;
    let logged: HashSet<_> = logged.into_iter().collect();
    count(tx, attempts.iter().filter(|attempt| logged.contains(&(attempt.delivery_id, attempt.number))), slot).await
}

/// Counts attempts, one row for each webhook and quarter.
async fn count<'a>(tx: &Tx, attempts: impl Iterator<Item = &'a AttemptRow<'a>>, slot: i64) -> Result<()> {
    const COUNT: Sql = Sql {
        sqlite: "INSERT INTO delivery_counts (webhook_id, quarter, slot, delivered, failed,
                                              b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                 ON CONFLICT (webhook_id, quarter, slot) DO UPDATE
                 SET delivered = delivered + excluded.delivered, failed = failed + excluded.failed,
                     b0 = b0 + excluded.b0, b1 = b1 + excluded.b1, b2 = b2 + excluded.b2, b3 = b3 + excluded.b3,
                     b4 = b4 + excluded.b4, b5 = b5 + excluded.b5, b6 = b6 + excluded.b6, b7 = b7 + excluded.b7,
                     b8 = b8 + excluded.b8, b9 = b9 + excluded.b9, b10 = b10 + excluded.b10, b11 = b11 + excluded.b11",
        postgres: "",
    };
    let mut counts: BTreeMap<(WebhookId, i64), [i64; BUCKETS + 2]> = BTreeMap::new();
    for attempt in attempts {
        let sums = counts.entry((attempt.webhook_id, attempt.quarter())).or_default();
        sums[usize::from(!attempt.is_delivered())] += 1;
        if let Ok(bucket) = usize::try_from(attempt.bucket()) {
            sums[2 + bucket] += 1;
        }
    }
    let row = |((webhook, quarter), sums): (&(WebhookId, i64), &[i64; BUCKETS + 2])| {
        let mut values = [Value::Null; BUCKETS + 5];
        values[..3].copy_from_slice(&[(*webhook).into(), (*quarter).into(), slot.into()]);
        values[3..].iter_mut().zip(sums).for_each(|(value, sum)| *value = (*sum).into());
        values
    };
    let rows: Vec<_> = counts.iter().map(row).collect();
    tx.execute_rows(COUNT, &rows).await.map(|_| ())
}
