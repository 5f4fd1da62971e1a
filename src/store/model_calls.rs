//! Questions to the language model: each is counted before it is asked, so that several nodes share the limits, and settled with what
//! it did cost.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ConversationId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// A question that is to be asked.
pub struct NewCall<'a> {
    /// Its project.
    pub project: ProjectId,
    /// The conversation that it is about.
    pub conversation: ConversationId,
    /// The person: the number that the platform vouches for, else the conversation.
    pub person: &'a str,
    /// Tokens that it costs at most.
    pub tokens: i64,
    /// The prompt, where the project keeps it.
    pub prompt: Option<&'a str>,
}

/// Adds the tokens of a question to the project's day. The row stays locked until the end of the transaction: of one project, one
/// question at a time is counted. Gives the day's tokens with them.
pub async fn set_aside(tx: &Tx, project: ProjectId, day: &str, tokens: i64) -> Result<i64> {
    tx.get(
        "INSERT INTO model_days (project_id, day, calls, failures, tokens, cached_tokens, duration_ms)
         VALUES ($1, $2, 1, 0, $3, 0, 0)
         ON CONFLICT (project_id, day) DO UPDATE
         SET calls = model_days.calls + 1, tokens = model_days.tokens + excluded.tokens
         RETURNING tokens",
        params![project, day, tokens],
        |row| row.get(0),
    )
    .await
}

/// Takes back what was set aside for a question that is not asked.
pub async fn take_back(tx: &Tx, project: ProjectId, day: &str, tokens: i64) -> Result<u64> {
    tx.execute(
        "UPDATE model_days SET calls = calls - 1, tokens = tokens - $3 WHERE project_id = $1 AND day = $2",
        params![project, day, tokens],
    )
    .await
}

/// A day on which a project with a limit asked a model.
#[derive(Clone, Debug)]
pub struct LimitedDay {
    /// The project.
    pub project: ProjectId,
    /// Its zone, by the IANA database.
    pub time_zone: String,
    /// Tokens that it may spend in a day.
    pub a_day: Option<i64>,
    /// Tokens that it may spend in a month.
    pub a_month: Option<i64>,
    /// The day, `2026-01-02`.
    pub day: String,
    /// Tokens that it spent.
    pub tokens: i64,
}

/// The days from `since` on of all projects that have a limit, project by project.
pub async fn limited_days(conn: &Conn, since: &str) -> Result<Vec<LimitedDay>> {
    conn.query(
        "SELECT p.id, p.time_zone, p.tokens_a_day, p.tokens_a_month, d.day, d.tokens
         FROM projects AS p JOIN model_days AS d ON d.project_id = p.id AND d.day >= $1
         WHERE p.tokens_a_day IS NOT NULL OR p.tokens_a_month IS NOT NULL
         ORDER BY p.id, d.day",
        params![since],
        |row| {
            Ok(LimitedDay {
                project: row.get(0)?,
                time_zone: row.get(1)?,
                a_day: row.get(2)?,
                a_month: row.get(3)?,
                day: row.get(4)?,
                tokens: row.get(5)?,
            })
        },
    )
    .await
}

/// Tokens of the days from one to another, both included.
pub async fn tokens_between(conn: &Conn, project: ProjectId, first: &str, last: &str) -> Result<i64> {
    conn.get(
        "SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT) FROM model_days WHERE project_id = $1 AND day BETWEEN $2 AND $3",
        params![project, first, last],
        |row| row.get(0),
    )
    .await
}

/// How many questions were asked about a conversation, and what they cost.
pub async fn of_conversation(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<(i64, i64)> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    conn.get(
        "SELECT COUNT(*), CAST(COALESCE(SUM(tokens), 0) AS BIGINT)
         FROM model_calls
         WHERE +project_id = $1 AND conversation_id = $2",
        params![project, conversation],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// How many questions were asked about a person since a time.
pub async fn of_person(conn: &Conn, project: ProjectId, person: &str, since: Timestamp) -> Result<i64> {
    conn.get(
        "SELECT COUNT(*) FROM model_calls WHERE project_id = $1 AND person = $2 AND started_at >= $3",
        params![project, person, since],
        |row| row.get(0),
    )
    .await
}

/// Stores that a question is asked; gives its row key.
pub async fn insert(tx: &Tx, new: &NewCall<'_>, now: Timestamp) -> Result<i64> {
    tx.get(
        "INSERT INTO model_calls (project_id, conversation_id, person, outcome, requests, tokens, cached_tokens, duration_ms,
                                  prompt, started_at)
         VALUES ($1, $2, $3, 'pending', 0, $4, 0, 0, $5, $6)
         RETURNING id",
        params![new.project, new.conversation, new.person, new.tokens, new.prompt, now],
        |row| row.get(0),
    )
    .await
}

/// What came of a question.
pub struct EndedCall<'a> {
    /// Its row key.
    pub id: i64,
    /// Its project.
    pub project: ProjectId,
    /// The day that it was counted on.
    pub day: &'a str,
    /// Tokens that were set aside.
    pub set_aside: i64,
    /// `ok`, `cancelled`, or why there was no answer.
    pub outcome: &'a str,
    /// Requests that were sent.
    pub requests: i64,
    /// What it did cost.
    pub tokens: i64,
    /// Of these, what the server had read before.
    pub cached_tokens: i64,
    /// What it took.
    pub duration_ms: i64,
    /// The model's text, where the project keeps it.
    pub answer: Option<&'a str>,
}

/// Stores what came of a question.
pub async fn end(tx: &Tx, ended: &EndedCall<'_>) -> Result<()> {
    let EndedCall { id, project, day, set_aside, outcome, requests, tokens, cached_tokens, duration_ms, answer } =
        *ended;
    tx.execute(
        "UPDATE model_calls
         SET outcome = $3, requests = $4, tokens = $5, cached_tokens = $6, duration_ms = $7, answer = $8
         WHERE project_id = $1 AND id = $2",
        params![project, id, outcome, requests, tokens, cached_tokens, duration_ms, answer],
    )
    .await?;
    tx.execute(
        "UPDATE model_days
         SET tokens = tokens + $3, cached_tokens = cached_tokens + $4, duration_ms = duration_ms + $5,
             failures = failures + CASE WHEN $6 THEN 0 ELSE 1 END
         WHERE project_id = $1 AND day = $2",
        params![project, day, tokens - set_aside, cached_tokens, duration_ms, outcome == "ok"],
    )
    .await?;
    Ok(())
}

/// Counts what of a proposal does not count.
pub async fn count_drops(tx: &Tx, project: ProjectId, day: &str, drops: &[(&str, u32)]) -> Result<()> {
    for (reason, count) in drops {
        tx.execute(
            "INSERT INTO model_drops (project_id, day, reason, drops) VALUES ($1, $2, $3, $4)
             ON CONFLICT (project_id, day, reason) DO UPDATE SET drops = model_drops.drops + excluded.drops",
            params![project, day, *reason, *count],
        )
        .await?;
    }
    Ok(())
}

/// A day of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// `2026-01-31`.
    pub day: String,
    /// Questions to the model.
    pub calls: i64,
    /// Those without an answer.
    pub failures: i64,
    /// Tokens.
    pub tokens: i64,
    /// Of these, what the server had read before.
    pub cached_tokens: i64,
    /// What they took together.
    pub duration_ms: i64,
}

/// The days of a project from one on, newest first.
pub async fn days(conn: &Conn, project: ProjectId, first: &str, most: u32) -> Result<Vec<Day>> {
    conn.query(
        "SELECT day, calls, failures, tokens, cached_tokens, duration_ms
         FROM model_days
         WHERE project_id = $1 AND day >= $2
         ORDER BY day DESC
         LIMIT $3",
        params![project, first, most],
        |row| {
            Ok(Day {
                day: row.get(0)?,
                calls: row.get(1)?,
                failures: row.get(2)?,
                tokens: row.get(3)?,
                cached_tokens: row.get(4)?,
                duration_ms: row.get(5)?,
            })
        },
    )
    .await
}

/// What did not count from a day on, by reason, most first.
pub async fn drops(conn: &Conn, project: ProjectId, first: &str) -> Result<Vec<(String, i64)>> {
    conn.query(
        "SELECT reason, CAST(SUM(drops) AS BIGINT) AS dropped
         FROM model_drops
         WHERE project_id = $1 AND day >= $2
         GROUP BY reason
         ORDER BY dropped DESC, reason",
        params![project, first],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// Empties what is kept of a conversation's questions, and removes what nobody answered of it.
pub async fn erase(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<()> {
    let key = params![project, conversation];
    // `+`: SQLite is to find the rows by their conversation.
    tx.execute(
        "UPDATE model_calls SET prompt = NULL, answer = NULL, person = '' WHERE +project_id = $1 AND conversation_id = $2",
        key,
    )
    .await?;
    tx.execute("DELETE FROM unanswered_questions WHERE +project_id = $1 AND conversation_id = $2", key).await?;
    Ok(())
}

/// Whether a project has questions to the model, or of people, that are older than `before`.
pub async fn has_expired(conn: &Conn, project: ProjectId, before: Timestamp) -> Result<bool> {
    conn.exists(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM model_calls WHERE project_id = $1 AND started_at < $2)
                     OR EXISTS (SELECT 1 FROM unanswered_questions WHERE project_id = $1 AND asked_at < $2)",
        params![project, before],
    )
    .await
}

/// Removes up to `most` of each.
pub async fn remove_expired(tx: &Tx, project: ProjectId, before: Timestamp, most: u32) -> Result<u64> {
    let calls = tx
        .execute(
            "DELETE FROM model_calls
             WHERE id IN (SELECT id FROM model_calls WHERE project_id = $1 AND started_at < $2 ORDER BY started_at LIMIT $3)",
            params![project, before, most],
        )
        .await?;
    let questions = tx
        .execute(
            "DELETE FROM unanswered_questions
             WHERE id IN (
                 SELECT id FROM unanswered_questions WHERE project_id = $1 AND asked_at < $2 ORDER BY asked_at LIMIT $3
             )",
            params![project, before, most],
        )
        .await?;
    Ok(calls + questions)
}
