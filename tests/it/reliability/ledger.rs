//! Holds what was answered and what was delivered against the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aurix::db::{Conn, Db, Value};

use super::load::Book;
use super::sink::Sink;
use super::until;

/// An attempt that was begun and is not on record: (event id, number).
pub type Lost = BTreeSet<(String, i64)>;

async fn rows<T: Send + 'static>(db: &Db, work: impl AsyncFnOnce(&Conn) -> anyhow::Result<T> + Send + 'static) -> T {
    db.read(work).await.expect("the rows can be read")
}

/// A number by a statement of the test's own.
pub async fn count(db: &Db, sql: &'static str) -> i64 {
    rows(db, async move |conn| Ok(conn.get(sql, &[] as &[Value<'_>], |row| row.get(0)).await?)).await
}

async fn pairs(db: &Db, sql: &'static str) -> Vec<(String, String)> {
    rows(db, async move |conn| Ok(conn.query(sql, &[], |row| Ok((row.get(0)?, row.get(1)?))).await?)).await
}

/// Every event's id and whole body.
async fn bodies(db: &Db) -> Vec<(String, String)> {
    pairs(db, "SELECT event_id, body FROM events").await
}

/// The attempts that were begun and are not on record: those in flight, while the process is dead.
pub async fn in_flight(db: &Db) -> Lost {
    let sql = "SELECT events.event_id, deliveries.attempts
               FROM deliveries
               JOIN webhooks ON webhooks.id = deliveries.webhook_id
               JOIN events ON events.project_id = webhooks.project_id AND events.created_at = deliveries.created_at
                          AND events.id = deliveries.event_id
               WHERE deliveries.status = 'pending' AND deliveries.attempts > 0 AND NOT EXISTS (
                   SELECT 1 FROM attempts
                   WHERE attempts.delivery_id = deliveries.id AND attempts.number = deliveries.attempts
               )";
    let rows = rows(db, async move |conn| Ok(conn.query(sql, &[], |row| Ok((row.get(0)?, row.get(1)?))).await?)).await;
    rows.into_iter().collect()
}

/// The attempts on record that failed.
pub async fn failed(db: &Db) -> Lost {
    let sql = "SELECT events.event_id, attempts.number
               FROM attempts
               JOIN deliveries ON deliveries.id = attempts.delivery_id
               JOIN webhooks ON webhooks.id = deliveries.webhook_id
               JOIN events ON events.project_id = webhooks.project_id AND events.created_at = deliveries.created_at
                          AND events.id = deliveries.event_id
               WHERE attempts.error IS NOT NULL";
    let rows = rows(db, async move |conn| Ok(conn.query(sql, &[], |row| Ok((row.get(0)?, row.get(1)?))).await?)).await;
    rows.into_iter().collect()
}

/// The attempts that were begun and never came on record, however their deliveries ended.
pub async fn unsettled(db: &Db) -> Lost {
    let sql = "WITH RECURSIVE begun (delivery_id, number) AS (
                   SELECT id, attempts FROM deliveries WHERE attempts > 0
                   UNION ALL
                   SELECT delivery_id, number - 1 FROM begun WHERE number > 1
               )
               SELECT events.event_id, begun.number
               FROM begun
               JOIN deliveries ON deliveries.id = begun.delivery_id
               JOIN webhooks ON webhooks.id = deliveries.webhook_id
               JOIN events ON events.project_id = webhooks.project_id AND events.created_at = deliveries.created_at
                          AND events.id = deliveries.event_id
               WHERE NOT EXISTS (
                   SELECT 1 FROM attempts WHERE attempts.delivery_id = begun.delivery_id AND attempts.number = begun.number
               )";
    let rows = rows(db, async move |conn| Ok(conn.query(sql, &[], |row| Ok((row.get(0)?, row.get(1)?))).await?)).await;
    rows.into_iter().collect()
}

/// The attempts that succeeded after another worker, or the same, had claimed the delivery again.
pub async fn overtaken(db: &Db) -> Lost {
    let sql = "SELECT events.event_id, attempts.number
               FROM attempts
               JOIN deliveries ON deliveries.id = attempts.delivery_id
               JOIN webhooks ON webhooks.id = deliveries.webhook_id
               JOIN events ON events.project_id = webhooks.project_id AND events.created_at = deliveries.created_at
                          AND events.id = deliveries.event_id
               WHERE attempts.error IS NULL AND attempts.number < deliveries.attempts";
    let rows = rows(db, async move |conn| Ok(conn.query(sql, &[], |row| Ok((row.get(0)?, row.get(1)?))).await?)).await;
    rows.into_iter().collect()
}

/// An attempt on record.
#[derive(Debug)]
pub struct Logged {
    pub status: Option<i64>,
    pub problem: Option<String>,
    pub duration_ms: i64,
    pub answer_bytes: i64,
}

/// The attempts at a webhook that are on record, oldest first.
pub async fn attempts_of(db: &Db, webhook: &str) -> Vec<Logged> {
    let sql = "SELECT attempts.status_code, attempts.error, attempts.duration_ms,
                      CAST(COALESCE(LENGTH(attempts.response_body), 0) AS BIGINT)
               FROM attempts
               JOIN deliveries ON deliveries.id = attempts.delivery_id
               JOIN webhooks ON webhooks.id = deliveries.webhook_id
               WHERE webhooks.public_id = $1
               ORDER BY attempts.started_at, attempts.number";
    let webhook = webhook.to_owned();
    let logged = async move |conn: &Conn| {
        let read = |row: &aurix::db::Row<'_>| {
            Ok(Logged {
                status: row.get(0)?,
                problem: row.get(1)?,
                duration_ms: row.get(2)?,
                answer_bytes: row.get(3)?,
            })
        };
        Ok(conn.query(sql, &[Value::Text(&webhook)], read).await?)
    };
    rows(db, logged).await
}

/// Waits until nothing is due any more, neither now nor later.
pub async fn nothing_is_due(db: &Db, limit: Duration) {
    let due = "SELECT (SELECT COUNT(*) FROM deliveries WHERE due_at IS NOT NULL)
                    + (SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL)
                    + (SELECT COUNT(*) FROM messages WHERE due_at IS NOT NULL)";
    until("nothing is due any more", limit, async || count(db, due).await == 0).await;
}

/// Every answered click is there once, under the reference that was answered, with one event.
pub async fn check_clicks(db: &Db, book: &Book) {
    let clicks = "SELECT clicks.click_url, sessions.correlation_id
                  FROM clicks JOIN sessions ON sessions.id = clicks.session_id";
    let stored = grouped(pairs(db, clicks).await);
    for clicked in &book.clicked {
        let found = stored.get(&clicked.page).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found, [clicked.reference.as_str()], "{} is there once, as it was answered", clicked.page);
    }
    assert!(stored.values().all(|references| references.len() == 1), "no click is there twice");
    let events = count(db, "SELECT COUNT(*) FROM events WHERE event_type = 'widget.click'").await;
    assert_eq!(events, count(db, "SELECT COUNT(*) FROM clicks").await, "every click has one event");
}

/// Every answered message is there once, its reference linked once, and every person has one lead, with its event.
pub async fn check_messages(db: &Db, book: &Book) {
    let messages = "SELECT messages.external_id, conversations.external_phone_id
                    FROM messages JOIN conversations ON conversations.id = messages.conversation_id
                    WHERE messages.direction = 'in'";
    let stored = grouped(pairs(db, messages).await);
    let linked = "SELECT sessions.correlation_id, conversations.external_phone_id
                  FROM sessions JOIN conversations ON conversations.id = sessions.conversation_id";
    let linked = grouped(pairs(db, linked).await);
    for written in &book.written {
        let found = stored.get(&written.id).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found, [written.wa_id.as_str()], "{} is there once", written.id);
        if let Some(reference) = &written.reference {
            assert_eq!(
                linked.get(reference).map(Vec::as_slice),
                Some([written.wa_id.clone()].as_slice()),
                "{reference}"
            );
        }
    }
    let correlated = count(db, "SELECT COUNT(*) FROM events WHERE event_type = 'lead.correlated'").await;
    assert_eq!(correlated, i64::try_from(linked.len()).expect("few"), "each link has one event");
    let announced = count(db, "SELECT COUNT(*) FROM leads WHERE announced_at IS NOT NULL").await;
    let created = count(db, "SELECT COUNT(*) FROM events WHERE event_type = 'lead.created'").await;
    assert_eq!(created, announced, "each announced lead has one event");
    let named = "SELECT COUNT(*) FROM leads WHERE announced_at IS NULL AND fields LIKE '%\"name\"%'";
    assert_eq!(count(db, named).await, 0, "a lead with a name and a phone number is announced");
    let complete = count(db, "SELECT COUNT(*) FROM events WHERE event_type = 'lead.complete'").await;
    assert_eq!(complete, count(db, "SELECT COUNT(*) FROM leads WHERE status = 'complete'").await);
    assert!(correlated > 0 && complete > 0, "people were linked ({correlated}) and said all ({complete})");
    let unsent = count(db, "SELECT COUNT(*) FROM messages WHERE direction = 'out' AND status <> 'sent'").await;
    assert_eq!(unsent, 0, "every reply is sent");
}

/// Every event came, with the same bytes each time, and again only where an attempt at it was lost. Gives how many came
/// again.
pub async fn check_deliveries(db: &Db, sink: &Sink, lost: &Lost) -> usize {
    let events = bodies(db).await;
    let mut bodies: HashMap<String, BTreeSet<Vec<u8>>> = HashMap::new();
    for receipt in sink.receipts() {
        bodies.entry(receipt.event_id).or_default().insert(receipt.body.to_vec());
    }
    assert_eq!(bodies.len(), events.len(), "every event came, and nothing else");
    for (event_id, body) in &events {
        let came = bodies.get(event_id).unwrap_or_else(|| panic!("{event_id} never came"));
        assert!(came.len() == 1 && came.contains(body.as_bytes()), "{event_id} has the same bytes each time");
    }
    let mut losses: BTreeMap<&str, usize> = BTreeMap::new();
    for (event_id, _) in lost {
        *losses.entry(event_id).or_default() += 1;
    }
    let mut again = 0;
    for (event_id, times) in sink.times() {
        let lost = losses.get(event_id.as_str()).copied().unwrap_or_default();
        assert!(times <= 1 + lost, "{event_id} came {times} times, and {lost} attempts at it were lost");
        again += times - 1;
    }
    again
}

/// Of one conversation each event came first after the one before it.
pub async fn check_order(db: &Db, sink: &Sink) {
    let mut first = HashMap::new();
    for (place, receipt) in sink.receipts().into_iter().enumerate() {
        first.entry(receipt.event_id).or_insert(place);
    }
    let events =
        "SELECT CAST(conversation_id AS TEXT), event_id FROM events WHERE conversation_id IS NOT NULL ORDER BY id";
    for (conversation, events) in grouped(pairs(db, events).await) {
        let places: Vec<_> = events.iter().map(|event| first[event]).collect();
        assert!(places.is_sorted(), "the events of conversation {conversation} came in the order {places:?}");
    }
}

fn grouped(pairs: Vec<(String, String)>) -> HashMap<String, Vec<String>> {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
