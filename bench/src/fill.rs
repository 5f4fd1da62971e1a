//! Rows by the million, made by the database itself: leads with all that belongs to them, and deliveries that wait.
//!
//! `1000…0 + i` as a text without its first digit is `i` with leading zeros, on both engines.

use aurix::db::Db;
use aurix::params;

use crate::progress::Progress;
use crate::project::Project;

/// Rows of one kind that a transaction makes.
const BATCH: u64 = 20_000;
/// Microseconds between two leads.
pub const LEAD_EVERY_US: i64 = 1_000_000;

/// A lead with its conversation, session and click, from its number. Each gets `$1` the project, `$2` the channel, `$3`
/// the widget, `$4` the time of the first lead, and the numbers `$5` to `$6`.
const LEAD: [&str; 4] = [
    "INSERT INTO conversations (id, public_id, project_id, channel, external_phone_id, profile_name, phone, agent_state,
                                answered_up_to, created_at)
     WITH RECURSIVE numbers (i) AS (
         SELECT CAST($5 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < CAST($6 AS BIGINT)
     )
     SELECT i, 'conversation-' || i, CAST($1 AS BIGINT), CAST($2 AS BIGINT), '65' || substr(CAST(1000000000 + i AS TEXT), 2),
            'Jane Doe', '+65' || substr(CAST(1000000000 + i AS TEXT), 2), '{}', 0, CAST($4 AS BIGINT) + i * 1000000
     FROM numbers
     WHERE CAST($3 AS BIGINT) > 0",
    "INSERT INTO sessions (id, project_id, device_id, correlation_id, folded_id, started_at, conversation_id, correlated_at)
     WITH RECURSIVE numbers (i) AS (
         SELECT CAST($5 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < CAST($6 AS BIGINT)
     )
     SELECT i, CAST($1 AS BIGINT), 'device-' || i, 'O-' || substr(CAST(1000000000 + i AS TEXT), 2),
            'o-' || substr(CAST(1000000000 + i AS TEXT), 2), CAST($4 AS BIGINT) + i * 1000000 - 60000000, i,
            CAST($4 AS BIGINT) + i * 1000000
     FROM numbers
     WHERE CAST($2 AS BIGINT) > 0 AND CAST($3 AS BIGINT) > 0",
    "INSERT INTO clicks (id, project_id, session_id, widget_id, click_url, first_raw_url, referrer, parsed_params, ip_address,
                         user_agent, linked, created_at)
     WITH RECURSIVE numbers (i) AS (
         SELECT CAST($5 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < CAST($6 AS BIGINT)
     )
     SELECT i, CAST($1 AS BIGINT), i, CAST($3 AS BIGINT), 'https://shop.example/bikes/city-' || i,
            'https://shop.example/bikes?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=Cj0KCQjwsoBhC5ARIsAJ' || i,
            'https://www.google.com/',
            '{\"utm_source\":\"google\",\"utm_medium\":\"cpc\",\"utm_campaign\":\"spring\",\"gclid\":\"Cj0KCQjwsoBhC5ARIsAJ'
                || i || '\"}',
            '203.0.113.7',
            'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36',
            TRUE, CAST($4 AS BIGINT) + i * 1000000 - 60000000
     FROM numbers
     WHERE CAST($2 AS BIGINT) > 0",
    "INSERT INTO leads (id, project_id, conversation_id, session_id, status, fields, announced_at, created_at, updated_at,
                        last_message_at)
     WITH RECURSIVE numbers (i) AS (
         SELECT CAST($5 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < CAST($6 AS BIGINT)
     )
     SELECT i, CAST($1 AS BIGINT), i, i, 'correlated',
            '{\"name\":{\"value\":\"Jane Doe\",\"words\":\"Jane Doe\"},\"phone\":{\"value\":\"+65'
                || substr(CAST(1000000000 + i AS TEXT), 2) || '\",\"words\":\"' || substr(CAST(1000000000 + i AS TEXT), 2)
                || '\"},\"email\":{\"value\":\"jane' || i || '@example.com\",\"words\":\"jane' || i || '@example.com\"}}',
            CAST($4 AS BIGINT) + i * 1000000, CAST($4 AS BIGINT) + i * 1000000, CAST($4 AS BIGINT) + i * 1000000,
            CAST($4 AS BIGINT) + i * 1000000
     FROM numbers
     WHERE CAST($2 AS BIGINT) > 0 AND CAST($3 AS BIGINT) > 0",
];

/// Makes `rows` leads, a second apart, the first one a second after `since` (microseconds since 1970).
pub async fn leads(db: &Db, project: &Project, rows: u64, since: i64, progress: &Progress) -> anyhow::Result<()> {
    progress.phase(format!("making {rows} leads"), rows);
    let (project, channel, widget) = (project.id, project.channel, project.widget);
    for_batches(rows, progress, async |first, last| {
        db.write(async move |tx| {
            for statement in LEAD {
                tx.execute(statement, params![project, channel, widget, since, first, last]).await?;
            }
            Ok(())
        })
        .await
    })
    .await
}

/// Makes `events` events of a project, a microsecond apart from `now` on, each with a delivery to every webhook of it.
pub async fn waiting(db: &Db, project: i64, events: u64, now: i64, progress: &Progress) -> anyhow::Result<()> {
    const EVENTS: &str = "
        INSERT INTO events (id, event_id, project_id, event_type, body, created_at)
        WITH RECURSIVE numbers (i) AS (
            SELECT CAST($3 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < CAST($4 AS BIGINT)
        )
        SELECT CAST($2 AS BIGINT) + i, 'evt_waiting_' || substr(CAST(10000000000 + i AS TEXT), 2), CAST($1 AS BIGINT), 'widget.click',
               '{\"type\":\"widget.click\",\"timestamp\":\"2026-01-02T10:00:00.000000Z\",\"data\":{\"device_id\":null,'
                   || '\"click_url\":\"https://shop.example/bikes/city-' || i || '\",\"ip_address\":\"203.0.113.7\"}}',
               CAST($2 AS BIGINT) + i
        FROM numbers";
    const DELIVERIES: &str = "
        INSERT INTO deliveries (id, webhook_id, event_id, status, attempts, retries_from, tried, holds_slot, due_at,
                                created_at)
        SELECT events.id * 4096 + webhooks.id, webhooks.id, events.id, 'pending', 0, 0, FALSE, FALSE, events.created_at, events.created_at
        FROM events
        JOIN webhooks ON webhooks.project_id = events.project_id
        WHERE events.project_id = $1 AND events.created_at >= CAST($2 AS BIGINT) + $3
            AND events.created_at <= CAST($2 AS BIGINT) + $4";
    progress.phase(format!("making {events} events that wait"), events);
    for_batches(events, progress, async |first, last| {
        db.write(async move |tx| {
            tx.execute(EVENTS, params![project, now, first, last]).await?;
            tx.execute(DELIVERIES, params![project, now, first, last]).await?;
            Ok(())
        })
        .await
    })
    .await
}

/// Calls `make` with the first and the last number of each batch of 1 to `rows`.
async fn for_batches(
    rows: u64,
    progress: &Progress,
    make: impl AsyncFn(i64, i64) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut made = 0;
    while made < rows {
        let last = rows.min(made + BATCH);
        make(i64::try_from(made + 1)?, i64::try_from(last)?).await?;
        progress.step(last - made);
        made = last;
    }
    Ok(())
}
