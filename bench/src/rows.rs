//! The statements of the benchmark: what is counted, and the rows that the engine gets bare.

use aurix::db::{Db, Sql, Value};
use aurix::params;

/// The process behind a connection to PostgreSQL.
pub async fn backend(db: &Db) -> anyhow::Result<Option<u32>> {
    const BACKEND: Sql = Sql { sqlite: "SELECT NULL", postgres: "SELECT CAST(pg_backend_pid() AS BIGINT)" };
    let pid = db.read(async |conn| Ok(conn.get(BACKEND, &[], |row| row.get::<Option<i64>>(0)).await?)).await?;
    Ok(pid.map(u32::try_from).transpose()?)
}

/// The processes that PostgreSQL has for this database.
pub async fn backends(db: &Db) -> anyhow::Result<Vec<u32>> {
    const BACKENDS: Sql = Sql {
        sqlite: "SELECT 0 WHERE FALSE",
        postgres: "SELECT CAST(pid AS BIGINT) FROM pg_stat_activity WHERE datname = current_database()",
    };
    let pids = db.read(async |conn| Ok(conn.query(BACKENDS, &[], |row| row.get::<i64>(0)).await?)).await?;
    Ok(pids.into_iter().map(u32::try_from).collect::<Result<_, _>>()?)
}

/// What can be counted.
#[derive(Clone, Copy, Debug)]
pub enum Count {
    /// Clicks.
    Clicks,
    /// Events of clicks.
    ClickEvents,
    /// Deliveries of any status.
    Deliveries,
    /// Deliveries that ended well.
    Delivered,
    /// Deliveries that are not over.
    Due,
    /// Messages from people.
    Messages,
    /// People who wrote, each with a lead.
    People,
    /// Messages that the agent has not dealt with, and replies on their way.
    Unanswered,
}

/// Counts rows.
pub async fn count(db: &Db, what: Count) -> anyhow::Result<u64> {
    let statement = match what {
        Count::Clicks => "SELECT COUNT(*) FROM clicks JOIN sessions ON sessions.id = clicks.session_id",
        Count::ClickEvents => "SELECT COUNT(*) FROM events WHERE event_type = 'widget.click'",
        Count::Deliveries => {
            // Those whose event is there. Not a join: PostgreSQL knows nothing of new tables, and would search one for each
            // row of the other.
            "SELECT CAST(COALESCE(SUM(deliveries), 0) AS BIGINT)
             FROM (
                 SELECT SUM(is_delivery) AS deliveries, SUM(is_event) AS events
                 FROM (
                     SELECT created_at, event_id AS id, 1 AS is_delivery, 0 AS is_event FROM deliveries
                     UNION ALL
                     SELECT created_at, id, 0, 1 FROM events
                 ) AS each_row
                 GROUP BY created_at, id
             ) AS counted
             WHERE events = 1"
        }
        Count::Delivered => "SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'",
        Count::Due => "SELECT COUNT(*) FROM deliveries WHERE status = 'pending'",
        Count::Messages => "SELECT COUNT(*) FROM messages WHERE direction = 'in'",
        Count::People => "SELECT COUNT(*) FROM conversations JOIN leads ON leads.conversation_id = conversations.id",
        Count::Unanswered => {
            "SELECT (SELECT COUNT(*) FROM conversations WHERE due_at IS NOT NULL)
                  + (SELECT COUNT(*) FROM messages WHERE due_at IS NOT NULL)"
        }
    };
    let counted = db.read(async move |conn| Ok(conn.get(statement, &[], |row| row.get::<i64>(0)).await?)).await?;
    Ok(u64::try_from(counted)?)
}

/// What a click stored: the bare rows have the same texts.
pub async fn click_texts(db: &Db) -> anyhow::Result<Vec<String>> {
    texts(
        db,
        "SELECT c.click_url, c.first_raw_url, c.referrer, c.parsed_params, c.ip_address, c.user_agent,
                (SELECT body FROM events WHERE event_type = 'widget.click' ORDER BY id LIMIT 1)
         FROM clicks AS c
         ORDER BY c.id
         LIMIT 1",
        7,
    )
    .await
}

/// What a message stored: the bare rows have the same texts.
pub async fn message_texts(db: &Db) -> anyhow::Result<Vec<String>> {
    texts(db, "SELECT text, raw FROM messages WHERE direction = 'in' ORDER BY id LIMIT 1", 2).await
}

/// Counts the deliveries of a project that did not end well, over or not.
pub async fn undelivered(db: &Db, project: i64) -> anyhow::Result<u64> {
    let statement = "SELECT COUNT(*)
         FROM deliveries
         JOIN webhooks ON webhooks.id = deliveries.webhook_id
         WHERE webhooks.project_id = $1 AND deliveries.status <> 'delivered'";
    let counted =
        db.read(async move |conn| Ok(conn.get(statement, params![project], |row| row.get::<i64>(0)).await?)).await?;
    Ok(u64::try_from(counted)?)
}

async fn texts(db: &Db, statement: &'static str, columns: usize) -> anyhow::Result<Vec<String>> {
    db.read(async move |conn| {
        let read = |row: &aurix::db::Row<'_>| (0..columns).map(|at| row.get::<String>(at)).collect();
        Ok(conn.get(statement, &[], read).await?)
    })
    .await
}

/// A row that the engine gets bare.
pub struct BareRow {
    /// Its statement, with `$1…` in order.
    pub sql: &'static str,
    columns: Vec<Column>,
}

/// What stands in a column.
enum Column {
    Int(i64),
    Text(String),
    /// The number of the operation.
    Number,
    /// A text of its own that sorts with the number: event ids, numbers of people.
    Ordered,
    /// A text of its own that sorts anyhow: references.
    Scattered,
    /// The UUID of its own browser, which sorts anyhow too.
    Device,
}

/// The texts of an operation's own.
pub struct Own {
    number: i64,
    ordered: String,
    scattered: String,
    device: String,
}

impl Own {
    /// Those of an operation.
    pub fn of(number: i64) -> Self {
        let place = scatter(number.unsigned_abs());
        Self {
            number,
            ordered: format!("evt_{number:032x}"),
            scattered: format!("O-{place:08x}"),
            device: device(number.unsigned_abs()),
        }
    }
}

/// The place of a number among all of 32 bits, each once: its neighbours are far away, as they are for what is drawn at random.
fn scatter(number: u64) -> u32 {
    number.wrapping_mul(0x9e37_79b1) as u32
}

/// The UUID of the browser of a visitor, who has a number.
pub fn device(number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{number:012x}", scatter(number))
}

impl BareRow {
    /// How many values it has.
    pub fn columns(&self) -> i64 {
        self.columns.len() as i64
    }

    /// The statement for `rows` of them, whose values follow one another.
    pub fn many(&self, rows: i64) -> String {
        let (table, tuple) = self.sql.split_once("VALUES").expect("a statement that inserts a row");
        let of_row = |row: i64| {
            let mut parts = tuple.trim().split('$');
            let before = parts.next().unwrap_or_default().to_owned();
            parts.fold(before, |text, part| {
                let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
                let number: i64 = part[..digits].parse().expect("the number of a parameter");
                format!("{text}${}{}", number + row * self.columns(), &part[digits..])
            })
        };
        format!("{table}VALUES {}", (0..rows).map(of_row).collect::<Vec<_>>().join(", "))
    }

    /// The row's values in one operation.
    pub fn values<'a>(&'a self, own: &'a Own) -> Vec<Value<'a>> {
        let value = |column: &'a Column| match column {
            Column::Int(number) => Value::Int(*number),
            Column::Text(text) => Value::Text(text),
            Column::Number => Value::Int(own.number),
            Column::Ordered => Value::Text(&own.ordered),
            Column::Scattered => Value::Text(&own.scattered),
            Column::Device => Value::Text(&own.device),
        };
        self.columns.iter().map(value).collect()
    }
}

/// The four rows of a click.
pub fn of_click(project: &crate::project::Project, texts: Vec<String>, now: i64) -> Vec<BareRow> {
    use Column::{Device, Int, Number, Ordered, Scattered, Text};
    let mut texts = texts.into_iter().map(Text).collect::<Vec<_>>();
    let body = texts.pop().unwrap_or(Number);
    let mut click = vec![Number, Int(project.id), Number, Int(project.widget)];
    click.extend(texts);
    click.push(Int(now));
    vec![
        BareRow {
            sql: "INSERT INTO sessions (id, project_id, device_id, correlation_id, folded_id, started_at)
                  VALUES ($1, $2, $3, $4, $5, $6)",
            columns: vec![Number, Int(project.id), Device, Scattered, Scattered, Int(now)],
        },
        BareRow {
            sql: "INSERT INTO clicks (id, project_id, session_id, widget_id, click_url, first_raw_url, referrer, parsed_params,
                                      ip_address, user_agent, created_at, linked)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE)",
            columns: click,
        },
        BareRow {
            sql: "INSERT INTO events (id, event_id, project_id, event_type, body, created_at)
                  VALUES ($1, $2, $3, 'widget.click', $4, $5)",
            columns: vec![Number, Ordered, Int(project.id), body, Int(now)],
        },
        BareRow {
            sql: "INSERT INTO deliveries (id, webhook_id, event_id, status, attempts, retries_from, tried, holds_slot, due_at,
                                          created_at)
                  VALUES ($1, $2, $3, 'pending', 0, 0, FALSE, FALSE, $4, $5)",
            columns: vec![Number, Int(project.webhook), Number, Int(now), Int(now)],
        },
    ]
}

/// The three rows of a first message.
pub fn of_message(project: &crate::project::Project, texts: Vec<String>, now: i64) -> Vec<BareRow> {
    use Column::{Int, Number, Ordered, Scattered, Text};
    let mut message = vec![Int(project.id), Int(project.channel), Number, Ordered];
    message.extend(texts.into_iter().map(Text));
    message.extend([Int(now), Int(now)]);
    vec![
        BareRow {
            sql:
                "INSERT INTO conversations (id, public_id, project_id, channel, external_phone_id, profile_name, phone, agent_state,
                                             answered_up_to, burst_started_at, due_at, created_at)
                  VALUES ($1, $2, $3, $4, $5, 'A visitor', $6, '{}', 0, $7, $8, $9)",
            columns: vec![
                Number,
                Scattered,
                Int(project.id),
                Int(project.channel),
                Ordered,
                Ordered,
                Int(now),
                Int(now),
                Int(now),
            ],
        },
        BareRow {
            sql: "INSERT INTO leads (project_id, conversation_id, status, fields, created_at, updated_at)
                  VALUES ($1, $2, 'active', '{}', $3, $4)",
            columns: vec![Int(project.id), Number, Int(now), Int(now)],
        },
        BareRow {
            sql: "INSERT INTO messages (project_id, channel, conversation_id, external_id, text, raw, direction, kind,
                                        status, attempts, sent_at, created_at)
                  VALUES ($1, $2, $3, $4, $5, $6, 'in', 'text', 'received', 0, $7, $8)",
            columns: message,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_have_parameters_of_their_own() {
        let row = BareRow {
            sql: "INSERT INTO things (id, name, is_new) VALUES ($1, $2, TRUE)",
            columns: vec![Column::Number, Column::Scattered],
        };
        assert_eq!(row.many(2), "INSERT INTO things (id, name, is_new) VALUES ($1, $2, TRUE), ($3, $4, TRUE)");
    }

    #[test]
    fn what_is_drawn_at_random_does_not_sort_with_the_operations() {
        let ascending = |text: fn(&Own) -> &str| {
            let owns: Vec<Own> = (1..=1000).map(Own::of).collect();
            owns.windows(2).filter(|pair| text(&pair[0]) < text(&pair[1])).count()
        };
        assert_eq!(ascending(|own| &own.ordered), 999);
        for scattered in [ascending(|own| &own.scattered), ascending(|own| &own.device)] {
            assert!((300..700).contains(&scattered), "{scattered} of 999 neighbours ascend");
        }
    }
}
