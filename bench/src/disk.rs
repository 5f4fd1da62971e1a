//! How much disk a click with its event and delivery takes, as the database itself counts it.

use serde_json::{Value, json};

use crate::finding::{Finding, round};
use aurix::db::{Db, Sql};
use aurix::params;

/// The tables of a click and of its delivery.
const TABLES: [&str; 5] = ["sessions", "clicks", "events", "deliveries", "attempts"];
/// Those of an event with its delivery, wherever the event came from.
const EVENT_TABLES: [&str; 3] = ["events", "deliveries", "attempts"];

/// Pages of a table and of its indexes, in bytes. SQLite's log is not counted: it is used again and again. PostgreSQL's table
/// may have parts.
const BYTES: Sql = Sql {
    sqlite: "SELECT COALESCE(SUM(pages.pgsize), 0)
         FROM sqlite_schema AS owned
         JOIN dbstat AS pages ON pages.name = owned.name AND pages.aggregate = TRUE
         WHERE owned.tbl_name = $1",
    postgres: "SELECT CAST(COALESCE(SUM(pg_total_relation_size(oid)), 0) AS BIGINT)
         FROM pg_class
         WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace)
             AND COALESCE(pg_partition_root(oid), oid) = to_regclass($1)",
};

/// Rows and bytes of a table.
struct Table {
    name: &'static str,
    rows: i64,
    bytes: i64,
}

impl Table {
    async fn read(db: &Db, name: &'static str) -> anyhow::Result<Self> {
        let count = match name {
            "sessions" => "SELECT COUNT(*) FROM sessions",
            "clicks" => "SELECT COUNT(*) FROM clicks",
            "events" => "SELECT COUNT(*) FROM events",
            "deliveries" => "SELECT COUNT(*) FROM deliveries",
            _ => "SELECT COUNT(*) FROM attempts",
        };
        db.read(async move |conn| {
            let rows = conn.get(count, &[], |row| row.get(0)).await?;
            Ok(Self { name, rows, bytes: conn.get(BYTES, params![name], |row| row.get(0)).await? })
        })
        .await
    }

    fn bytes_per_row(&self) -> f64 {
        if self.rows > 0 { self.bytes as f64 / self.rows as f64 } else { 0.0 }
    }

    fn object(&self) -> Value {
        json!({"rows": self.rows, "bytes": self.bytes, "bytes_per_row": round(self.bytes_per_row(), 1)})
    }
}

/// Bytes of an event with its delivery, body and indexes included.
pub async fn of_event(db: &Db) -> anyhow::Result<f64> {
    let mut bytes = 0.0;
    for name in EVENT_TABLES {
        bytes += Table::read(db, name).await?.bytes_per_row();
    }
    Ok(round(bytes, 1))
}

/// Measures what is there after deliveries that had all waited at once.
pub async fn measure(db: &Db) -> anyhow::Result<Finding> {
    let mut tables = Vec::with_capacity(TABLES.len());
    for name in TABLES {
        tables.push(Table::read(db, name).await?);
    }
    let body = "SELECT CAST(COALESCE(AVG(OCTET_LENGTH(body)), 0) AS BIGINT) FROM events";
    let body = db.read(async move |conn| Ok(conn.get(body, &[], |row| row.get::<i64>(0)).await?)).await? as f64;
    let of = |wanted: &[&str]| -> f64 {
        tables.iter().filter(|table| wanted.contains(&table.name)).map(Table::bytes_per_row).sum()
    };
    let mut finding = Finding::default();
    for table in &tables {
        finding.fact(
            &format!("disk: a row of {}", table.name),
            table.bytes_per_row().round(),
            "bytes, indexes included",
        );
        finding.member(table.name, table.object());
    }
    let (event, click) = (of(&EVENT_TABLES), of(&TABLES));
    finding.fact("  an event with its delivery", event.round(), &format!("bytes, {body:.0} of them its body"));
    finding.fact("  a click with all of these", click.round(), "bytes");
    finding.member("event_with_delivery_bytes", round(event, 1).into());
    finding.member("event_body_bytes", round(body, 1).into());
    finding.member("click_with_all_bytes", round(click, 1).into());
    Ok(finding)
}
