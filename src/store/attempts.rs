//! Attempts as the dispatcher logs them, and their counts by quarter of an hour.

use std::collections::BTreeMap;

use crate::db::{Result, Sql, Tx, Value, pipelined};
use crate::domain::attempt_result::AttemptResult;
use crate::domain::counts::quarter_of;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::ids::{DeliveryId, WebhookId};
use crate::domain::latency::{BUCKETS, Latencies};
use crate::domain::time::Timestamp;

/// The columns of an attempt, in the order of [`AttemptRow::values`].
macro_rules! attempt_columns {
    () => {
        "attempts (delivery_id, number, started_at, duration_ms, status_code, error, sent, response_headers, response_body)"
    };
}

/// The columns of a count, in the order of [`Counts`].
macro_rules! count_columns {
    () => {
        "delivery_counts AS counts (webhook_id, quarter, slot, delivered, failed,
                                    b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11)"
    };
}

/// Adds to a row that is there.
macro_rules! add_to_count {
    () => {
        "ON CONFLICT (webhook_id, quarter, slot) DO UPDATE
         SET delivered = counts.delivered + excluded.delivered, failed = counts.failed + excluded.failed,
             b0 = counts.b0 + excluded.b0, b1 = counts.b1 + excluded.b1, b2 = counts.b2 + excluded.b2,
             b3 = counts.b3 + excluded.b3, b4 = counts.b4 + excluded.b4, b5 = counts.b5 + excluded.b5,
             b6 = counts.b6 + excluded.b6, b7 = counts.b7 + excluded.b7, b8 = counts.b8 + excluded.b8,
             b9 = counts.b9 + excluded.b9, b10 = counts.b10 + excluded.b10, b11 = counts.b11 + excluded.b11"
    };
}

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
    fn values(&self) -> [Value<'a>; 9] {
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
        ]
    }

    /// The bucket of its response; `None` where there was none.
    fn bucket(&self) -> Option<usize> {
        match self.result {
            AttemptResult::Status(_) => Some(Latencies::bucket(u64::try_from(self.duration_ms).unwrap_or_default())),
            AttemptResult::None(_) => None,
        }
    }
}

/// Logs attempts of deliveries that the dispatcher has leased, and counts them in `slot`. One that is logged already, by a write of
/// which the outcome was unknown, is neither logged nor counted again: among others it is an error, and each is then written by
/// itself.
pub async fn log(tx: &Tx, attempts: &[AttemptRow<'_>], slot: i64) -> Result<()> {
    const INSERT: Sql = Sql {
        sqlite: concat!("INSERT INTO ", attempt_columns!(), " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
        postgres: concat!(
            "INSERT INTO ",
            attempt_columns!(),
            " SELECT *
              FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                          $8::text[], $9::text[])"
        ),
    };
    if let [attempt] = attempts {
        return log_one(tx, attempt, slot).await;
    }
    let rows: Vec<_> = attempts.iter().map(AttemptRow::values).collect();
    pipelined(tx.execute_rows(INSERT, &rows), count(tx, attempts, slot)).await.map(|_| ())
}

/// Logs an attempt, and counts it where it was not logged before.
async fn log_one(tx: &Tx, attempt: &AttemptRow<'_>, slot: i64) -> Result<()> {
    // On PostgreSQL nothing may wait for a result here: the statement is sent together with others.
    const INSERT: Sql = Sql {
        sqlite: concat!(
            "INSERT INTO ",
            attempt_columns!(),
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (delivery_id, number, started_at) DO NOTHING"
        ),
        postgres: concat!(
            "WITH logged AS (
                 INSERT INTO ",
            attempt_columns!(),
            "    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (delivery_id, number, started_at) DO NOTHING
                 RETURNING delivery_id
             )
             INSERT INTO ",
            count_columns!(),
            "SELECT $10::bigint, $11::bigint, $12::bigint, $13::bigint, $14::bigint, $15::bigint, $16::bigint,
                    $17::bigint, $18::bigint, $19::bigint, $20::bigint, $21::bigint, $22::bigint, $23::bigint,
                    $24::bigint, $25::bigint, $26::bigint
             FROM logged ",
            add_to_count!()
        ),
    };
    let attempts = std::slice::from_ref(attempt);
    if tx.is_postgres() {
        let counts = Counts::of(attempts).rows(slot).flatten();
        let values: Vec<_> = attempt.values().into_iter().chain(counts).collect();
        tx.execute(INSERT, &values).await?;
    } else if tx.execute_one(INSERT, &attempt.values()).await? {
        count(tx, attempts, slot).await?;
    }
    Ok(())
}

/// Counts attempts.
async fn count(tx: &Tx, attempts: &[AttemptRow<'_>], slot: i64) -> Result<()> {
    const COUNT: Sql = Sql {
        sqlite: concat!(
            "INSERT INTO ",
            count_columns!(),
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ",
            add_to_count!()
        ),
        postgres: concat!(
            "INSERT INTO ",
            count_columns!(),
            " SELECT *
              FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                          $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                          $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[]) ",
            add_to_count!()
        ),
    };
    let rows: Vec<_> = Counts::of(attempts).rows(slot).collect();
    tx.execute_rows(COUNT, &rows).await.map(|_| ())
}

/// What attempts add to the row of each webhook and quarter, in the order in which the rows are locked: delivered, failed, and
/// the responses of each bucket.
struct Counts(BTreeMap<(WebhookId, i64), [i64; BUCKETS + 2]>);

impl Counts {
    fn of(attempts: &[AttemptRow<'_>]) -> Self {
        let mut counts: BTreeMap<_, [i64; BUCKETS + 2]> = BTreeMap::new();
        for attempt in attempts {
            let sums = counts.entry((attempt.webhook_id, quarter_of(attempt.started_at))).or_default();
            sums[usize::from(*attempt.outcome != AttemptOutcome::Delivered)] += 1;
            if let Some(bucket) = attempt.bucket() {
                sums[2 + bucket] += 1;
            }
        }
        Self(counts)
    }

    fn rows<'v>(self, slot: i64) -> impl Iterator<Item = [Value<'v>; BUCKETS + 5]> {
        self.0.into_iter().map(move |((webhook, quarter), sums)| {
            let mut values = [Value::Null; BUCKETS + 5];
            values[..3].copy_from_slice(&[webhook.into(), quarter.into(), slot.into()]);
            values[3..].iter_mut().zip(sums).for_each(|(value, sum)| *value = sum.into());
            values
        })
    }
}
