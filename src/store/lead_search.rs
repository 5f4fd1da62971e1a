//! Words by which leads are found. What they are made of is the matter of `domain::lead_words`.

use crate::db::{Result, Sql, Tx, Value};
use crate::domain::ids::{LeadId, ProjectId};

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
