//! Words by which leads are found. What they are made of is the matter of `domain::lead_words`.

use super::window::Position;
use crate::db::{Conn, Result, Row, Sql, Tx, Value};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead_words::LeadQuery;
use crate::params;

/// Leads that a search finds: the newest.
pub const FOUND_MAX: u32 = 500;

/// What words were taken from. Each part is replaced by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The fields.
    Fields = 0,
    /// The correlation ids.
    CorrelationIds = 1,
    /// What the platform tells of the person.
    Profile = 2,
}

/// Parts of a lead's words, and room for another.
const PARTS: i64 = 4;

/// Replaces parts of the words of leads, each with its project, whose character begins each word.
pub async fn put<'a>(tx: &Tx, parts: &[(ProjectId, LeadId, Part, &'a str)]) -> Result<u64> {
    const PUT: Sql = Sql {
        sqlite: "INSERT OR REPLACE INTO lead_search (rowid, words) VALUES ($1 * 4 + $2, $3)",
        postgres: "INSERT INTO lead_search (lead_id, part, words)
                   SELECT lead_id, part, array_to_tsvector(string_to_array(words, ' '))
                   FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS new (lead_id, part, words)
                   ON CONFLICT (lead_id, part) DO UPDATE SET words = excluded.words",
    };
    let row = |(_, lead, part, words): &(ProjectId, LeadId, Part, &'a str)| -> [Value<'a>; 3] {
        [(*lead).into(), (*part as i64).into(), (*words).into()]
    };
    tx.execute_rows(PUT, &parts.iter().map(row).collect::<Vec<_>>()).await
}

/// Removes all words of a lead.
pub async fn remove(tx: &Tx, lead: LeadId) -> Result<u64> {
    const REMOVE: Sql = Sql {
        sqlite: "DELETE FROM lead_search WHERE rowid = $1 * 4 + $2",
        postgres: "DELETE FROM lead_search USING unnest($1::bigint[], $2::bigint[]) AS old (lead_id, part)
                   WHERE lead_search.lead_id = old.lead_id AND lead_search.part = old.part",
    };
    let rows: Vec<_> = (0..PARTS).map(|part| [lead.into(), part.into()]).collect();
    tx.execute_rows(REMOVE, &rows).await
}

/// Rows of the newest leads that PostgreSQL looks at one by one before it asks the index, which gives all that have a word before the
/// newest of them are known: what many leads have is found sooner so.
const LOOKED_AT: u32 = 20_000;

/// The leads that a query finds, at most [`FOUND_MAX`], by their newest message.
pub async fn found(conn: &Conn, project: ProjectId, query: &LeadQuery) -> Result<Vec<Position>> {
    if conn.is_postgres() {
        let newest = found_among_newest(conn, project, query).await?;
        if newest.len() == FOUND_MAX as usize {
            return Ok(newest);
        }
    }
    found_by_index(conn, project, query).await
}

/// Those among the newest leads.
async fn found_among_newest(conn: &Conn, project: ProjectId, query: &LeadQuery) -> Result<Vec<Position>> {
    const FOUND: Sql = Sql {
        sqlite: "",
        postgres: "SELECT f.last_message_at, f.id
                   FROM (
                       SELECT lead_id
                       FROM (SELECT lead_id, words FROM lead_search ORDER BY lead_id DESC, part DESC LIMIT $4) AS newest
                       WHERE words @@ CAST(CAST($2 AS TEXT) AS TSQUERY)
                       GROUP BY lead_id
                       ORDER BY lead_id DESC
                       LIMIT $3
                   ) AS found
                   JOIN leads AS f ON f.id = found.lead_id
                   WHERE f.project_id = $1
                   ORDER BY f.last_message_at DESC, f.id DESC",
    };
    conn.query(FOUND, params![project, &query.tsquery(), FOUND_MAX, LOOKED_AT], position).await
}

fn position(row: &Row<'_>) -> Result<Position> {
    Ok(Position { created_at: row.get(0)?, id: row.get(1)? })
}

async fn found_by_index(conn: &Conn, project: ProjectId, query: &LeadQuery) -> Result<Vec<Position>> {
    const FOUND: Sql = Sql {
        sqlite: "SELECT f.last_message_at, f.id
                 FROM (
                     SELECT DISTINCT lead_id
                     FROM (SELECT rowid / 4 AS lead_id FROM lead_search WHERE lead_search MATCH $2 ORDER BY rowid DESC LIMIT $3 * 4)
                     ORDER BY lead_id DESC
                     LIMIT $3
                 ) AS found
                 JOIN leads AS f ON f.id = found.lead_id
                 WHERE f.project_id = $1
                 ORDER BY f.last_message_at DESC, f.id DESC",
        // `+ 0`: by the words, not by walking the keys until enough have them.
        postgres: "SELECT f.last_message_at, f.id
                   FROM (
                       SELECT lead_id + 0 AS lead_id
                       FROM lead_search
                       WHERE words @@ CAST(CAST($2 AS TEXT) AS TSQUERY)
                       GROUP BY lead_id + 0
                       ORDER BY lead_id + 0 DESC
                       LIMIT $3
                   ) AS found
                   JOIN leads AS f ON f.id = found.lead_id
                   WHERE f.project_id = $1
                   ORDER BY f.last_message_at DESC, f.id DESC",
    };
    let text = if conn.is_postgres() { query.tsquery() } else { query.fts5() };
    conn.query(FOUND, params![project, &text, FOUND_MAX], position).await
}

/// What the words of a lead from before are made of.
#[derive(Clone, Debug)]
pub struct Unindexed {
    /// Its project.
    pub project: ProjectId,
    /// The lead.
    pub lead: LeadId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// The name that the person chose at the platform.
    pub profile_name: Option<String>,
    /// The handle that they chose there.
    pub username: Option<String>,
    /// The number that the platform vouches for.
    pub phone: Option<String>,
}

/// Up to which lead those from before have still no words; 0 where all have. Locked until the end of the transaction.
pub async fn lock_to_index(tx: &Tx) -> Result<i64> {
    const LOCK: Sql = Sql {
        sqlite: "SELECT value FROM counters WHERE name = 'leads_to_index'",
        postgres: "SELECT value FROM counters WHERE name = 'leads_to_index' FOR UPDATE",
    };
    tx.get(LOCK, &[], |row| row.get(0)).await
}

/// Whether leads from before have still no words.
pub async fn has_to_index(conn: &Conn) -> Result<bool> {
    conn.exists("SELECT 1 FROM counters WHERE name = 'leads_to_index' AND value > 0", &[]).await
}

/// Has the words of all leads made anew, from the newest on.
pub const INDEX_ALL_AGAIN: &str = "UPDATE counters
    SET value = (SELECT COALESCE(MAX(id), 0) FROM leads)
    WHERE name = 'leads_to_index'";

/// Sets what [`lock_to_index`] gives.
pub async fn set_to_index(tx: &Tx, up_to: i64) -> Result<u64> {
    tx.execute("UPDATE counters SET value = $1 WHERE name = 'leads_to_index'", params![up_to]).await
}

/// Leads of all projects up to one, the newest first, at most `most`: for maintenance.
pub async fn unindexed(conn: &Conn, up_to: i64, most: u32) -> Result<Vec<Unindexed>> {
    conn.query(
        "SELECT leads.project_id, leads.id, c.id, leads.fields, c.profile_name, c.username, c.phone
         FROM leads JOIN conversations AS c ON c.id = leads.conversation_id
         WHERE leads.id <= $1
         ORDER BY leads.id DESC
         LIMIT $2",
        params![up_to, most],
        |row| {
            Ok(Unindexed {
                project: row.get(0)?,
                lead: row.get(1)?,
                conversation: row.get(2)?,
                fields: row.get(3)?,
                profile_name: row.get(4)?,
                username: row.get(5)?,
                phone: row.get(6)?,
            })
        },
    )
    .await
}
