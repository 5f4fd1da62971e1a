//! What a project has written for its agent: how it uses a language model, the paragraphs that questions are answered from, and the
//! questions that nothing answered.

use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ConversationId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// How a project wants a language model to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Tokens of a day; `None` for no limit.
    pub tokens_a_day: Option<i64>,
    /// Tokens of a calendar month; `None` for no limit.
    pub tokens_a_month: Option<i64>,
    /// Whether prompts and answers are kept, as long as messages.
    pub keeps_prompts: bool,
    /// Whether the greeting says that the agent is automated.
    pub discloses: bool,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { tokens_a_day: None, tokens_a_month: None, keeps_prompts: false, discloses: true }
    }
}

/// The settings of a project.
pub async fn settings(conn: &Conn, project: ProjectId) -> Result<AgentSettings> {
    conn.get(
        "SELECT tokens_a_day, tokens_a_month, keeps_prompts, discloses FROM projects WHERE id = $1",
        params![project],
        |row| {
            Ok(AgentSettings {
                tokens_a_day: row.get(0)?,
                tokens_a_month: row.get(1)?,
                keeps_prompts: row.get(2)?,
                discloses: row.get(3)?,
            })
        },
    )
    .await
}

/// Stores the settings of a project.
pub async fn set_settings(tx: &Tx, project: ProjectId, settings: AgentSettings) -> Result<u64> {
    let AgentSettings { tokens_a_day, tokens_a_month, keeps_prompts, discloses } = settings;
    tx.execute(
        "UPDATE projects
         SET tokens_a_day = $2, tokens_a_month = $3, keeps_prompts = $4, discloses = $5
         WHERE id = $1",
        params![project, tokens_a_day, tokens_a_month, keeps_prompts, discloses],
    )
    .await
}

/// A paragraph of the knowledge text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownParagraph {
    /// Row key: it names the paragraph to the model.
    pub id: i64,
    /// Its text.
    pub text: String,
}

/// The paragraphs of a project, in their order.
pub async fn paragraphs(conn: &Conn, project: ProjectId) -> Result<Vec<KnownParagraph>> {
    conn.query("SELECT id, text FROM knowledge WHERE project_id = $1 ORDER BY place, id", params![project], |row| {
        Ok(KnownParagraph { id: row.get(0)?, text: row.get(1)? })
    })
    .await
}

/// Puts a paragraph at a place; `id` is that of one which is there already.
pub async fn put(
    tx: &Tx,
    project: ProjectId,
    (id, place): (Option<i64>, i64),
    text: &str,
    now: Timestamp,
) -> Result<u64> {
    match id {
        Some(id) => {
            let update = "UPDATE knowledge SET place = $3 WHERE project_id = $1 AND id = $2";
            tx.execute(update, params![project, id, place]).await
        }
        None => {
            let insert = "INSERT INTO knowledge (project_id, place, text, created_at) VALUES ($1, $2, $3, $4)";
            tx.execute(insert, params![project, place, text, now]).await
        }
    }
}

/// Removes a paragraph.
pub async fn remove(tx: &Tx, project: ProjectId, id: i64) -> Result<u64> {
    tx.execute("DELETE FROM knowledge WHERE project_id = $1 AND id = $2", params![project, id]).await
}

/// A question that nothing answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Row key.
    pub id: i64,
    /// The conversation that it was asked in.
    pub conversation: ConversationId,
    /// Its lead.
    pub lead: Option<i64>,
    /// In the person's words.
    pub question: String,
    /// When it was asked.
    pub asked_at: Timestamp,
}

/// Stores a question that nothing answered.
pub async fn note_question(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    question: &str,
    now: Timestamp,
) -> Result<u64> {
    tx.execute(
        "INSERT INTO unanswered_questions (project_id, conversation_id, question, asked_at) VALUES ($1, $2, $3, $4)",
        params![project, conversation, question, now],
    )
    .await
}

/// The open questions of a project before a row key, newest first.
pub async fn open_questions(conn: &Conn, project: ProjectId, before: i64, most: u32) -> Result<Vec<Unanswered>> {
    conn.query(
        "SELECT q.id, q.conversation_id, leads.id, q.question, q.asked_at
         FROM unanswered_questions AS q LEFT JOIN leads ON leads.conversation_id = q.conversation_id
         WHERE q.project_id = $1 AND q.settled_at IS NULL AND q.id < $2
         ORDER BY q.id DESC
         LIMIT $3",
        params![project, before, most],
        |row| {
            Ok(Unanswered {
                id: row.get(0)?,
                conversation: row.get(1)?,
                lead: row.get(2)?,
                question: row.get(3)?,
                asked_at: row.get(4)?,
            })
        },
    )
    .await
}

/// Settles an open question; its words, or `None` where there is no such one.
pub async fn settle_question(tx: &Tx, project: ProjectId, id: i64, now: Timestamp) -> Result<Option<String>> {
    tx.find(
        "UPDATE unanswered_questions SET settled_at = $3
         WHERE project_id = $1 AND id = $2 AND settled_at IS NULL
         RETURNING question",
        params![project, id, now],
        |row| row.get(0),
    )
    .await
}
