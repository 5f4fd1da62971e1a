//! What is counted of each lead, and what it should be by the rows of the lead, its conversation and its session.

use std::ops::Range;

use super::window::Position;
use crate::db::{Conn, Error, Result, Row, Sql, Tx};
use crate::domain::attributed::{Attributed, Reference};
use crate::domain::counts::LeadSteps;
use crate::domain::ids::{AdId, ChannelId, ConversationId, LeadId, ProjectId, SourceId};
use crate::domain::lead::Quality;
use crate::domain::source::Trouble;
use crate::domain::time::Timestamp;
use crate::params;

/// What the rows say of a lead, and what is counted of it so far.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The lead.
    pub lead: LeadId,
    /// Its project.
    pub project: ProjectId,
    /// Where the person writes.
    pub channel: ChannelId,
    /// Its session, where there is one.
    pub session: Option<SessionFacts>,
    /// When the person first wrote.
    pub began_at: Timestamp,
    /// When `lead.created` was emitted.
    pub announced_at: Option<Timestamp>,
    /// When it was complete.
    pub completed_at: Option<Timestamp>,
    /// When it was called worth the time.
    pub qualified_at: Option<Timestamp>,
    /// When it was called won.
    pub won_at: Option<Timestamp>,
    /// What people say of it.
    pub quality: Quality,
    /// Whether the person is one of the business's own.
    pub is_internal: bool,
    /// The referral of the first ad inside the platform that led to it, JSON.
    pub referral: Option<String>,
    /// What the first message said of the correlation id; `None` for what is older than that.
    pub reference: Option<Reference>,
    /// What is counted.
    pub counted: Option<LeadSteps>,
}

/// Of a session what is counted by.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Where it came from, its word and what was wrong with its address; `None` while it was not found out, of what is older than
    /// counts.
    pub source: Option<(SourceId, String, Trouble)>,
    /// The ad that it came by.
    pub ad: Option<AdId>,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether its device is one of the business's own people.
    pub is_internal: bool,
}

macro_rules! facts {
    () => {
        "l.id, l.project_id, c.channel, s.id IS NOT NULL, s.source_id, s.ad, COALESCE(s.started_at, 0),
         COALESCE(s.is_internal, FALSE), l.created_at, l.announced_at, l.completed_at, l.qualified_at, l.won_at, l.quality,
         l.is_internal,
         (SELECT r.raw FROM referrals AS r WHERE r.conversation_id = l.conversation_id ORDER BY r.id LIMIT 1),
         l.reference, o.source, o.trouble,
         k.source_id, k.ad, k.clicked_at, k.began_at, k.lead_at, k.complete_at, k.qualified_at, k.won_at, k.is_good,
         k.attributed"
    };
}

macro_rules! tables {
    () => {
        "JOIN conversations AS c ON c.id = l.conversation_id
         LEFT JOIN sessions AS s ON s.id = l.session_id
         LEFT JOIN sources AS o ON o.id = s.source_id
         LEFT JOIN lead_steps AS k ON k.lead_id = l.id"
    };
}

fn read(row: &Row<'_>) -> Result<Facts> {
    let source = row.get::<Option<SourceId>>(4)?.map(|source| {
        let trouble = Trouble::parse(&row.get::<String>(18)?).ok_or(Error::Column(18))?;
        Ok::<_, Error>((source, row.get(17)?, trouble))
    });
    let session = SessionFacts {
        source: source.transpose()?,
        ad: row.get(5)?,
        started_at: row.get(6)?,
        is_internal: row.get(7)?,
    };
    let counted = row.get::<Option<SourceId>>(19)?.map(|source| read_steps(row, source, 20)).transpose()?;
    let reference = row.get::<Option<String>>(16)?;
    Ok(Facts {
        lead: row.get(0)?,
        project: row.get(1)?,
        channel: row.get(2)?,
        session: row.get::<bool>(3)?.then_some(session),
        began_at: row.get(8)?,
        announced_at: row.get(9)?,
        completed_at: row.get(10)?,
        qualified_at: row.get(11)?,
        won_at: row.get(12)?,
        quality: Quality::parse(&row.get::<String>(13)?).ok_or(Error::Column(13))?,
        is_internal: row.get(14)?,
        referral: row.get(15)?,
        reference: reference.map(|word| Reference::parse(&word).ok_or(Error::Column(16))).transpose()?,
        counted,
    })
}

fn read_steps(row: &Row<'_>, source: SourceId, from: usize) -> Result<LeadSteps> {
    Ok(LeadSteps {
        source,
        ad: row.get(from)?,
        clicked_at: row.get(from + 1)?,
        began_at: row.get(from + 2)?,
        lead_at: row.get(from + 3)?,
        complete_at: row.get(from + 4)?,
        qualified_at: row.get(from + 5)?,
        won_at: row.get(from + 6)?,
        is_good: row.get(from + 7)?,
        attributed: Attributed::parse(&row.get::<String>(from + 8)?).ok_or(Error::Column(from + 8))?,
    })
}

/// The facts of the leads of conversations.
pub async fn of_conversations(conn: &Conn, conversations: &[(ProjectId, ConversationId)]) -> Result<Vec<Facts>> {
    const FACTS: Sql = Sql {
        sqlite: concat!(
            "SELECT ",
            facts!(),
            " FROM leads AS l ",
            tables!(),
            " WHERE +l.project_id = $1 AND l.conversation_id = $2"
        ),
        postgres: concat!(
            "SELECT ",
            facts!(),
            " FROM unnest($1::bigint[], $2::bigint[]) AS wanted (project_id, conversation_id)
              JOIN leads AS l ON l.conversation_id = wanted.conversation_id AND l.project_id = wanted.project_id ",
            tables!()
        ),
    };
    let rows: Vec<_> = conversations.iter().map(|(project, one)| [(*project).into(), (*one).into()]).collect();
    conn.query_rows(FACTS, &rows, read).await
}

/// The facts of a project's leads above `after`, at most `most`, in the order of their row keys.
pub async fn of_project(conn: &Conn, project: ProjectId, after: LeadId, most: u32) -> Result<Vec<Facts>> {
    conn.query(
        concat!(
            "SELECT ",
            facts!(),
            " FROM leads AS l ",
            tables!(),
            " WHERE +l.project_id = $1 AND l.id > $2 ORDER BY l.id LIMIT $3"
        ),
        params![project, after, most],
        read,
    )
    .await
}

/// Stores what is counted of a lead.
pub async fn put(tx: &Tx, project: ProjectId, lead: LeadId, steps: &LeadSteps) -> Result<u64> {
    tx.execute(
        "INSERT INTO lead_steps (lead_id, project_id, source_id, ad, clicked_at, began_at, lead_at, complete_at, qualified_at,
                                 won_at, is_good, attributed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (lead_id) DO UPDATE
         SET source_id = excluded.source_id, ad = excluded.ad, clicked_at = excluded.clicked_at,
             began_at = excluded.began_at, lead_at = excluded.lead_at, complete_at = excluded.complete_at,
             qualified_at = excluded.qualified_at, won_at = excluded.won_at, is_good = excluded.is_good,
             attributed = excluded.attributed",
        params![
            lead,
            project,
            steps.source,
            steps.ad,
            steps.clicked_at,
            steps.began_at,
            steps.lead_at,
            steps.complete_at,
            steps.qualified_at,
            steps.won_at,
            steps.is_good,
            steps.attributed.as_str()
        ],
    )
    .await
}

/// Forgets what is counted of a lead, and gives it.
pub async fn remove(tx: &Tx, project: ProjectId, lead: LeadId) -> Result<Option<LeadSteps>> {
    tx.find(
        "DELETE FROM lead_steps
         WHERE project_id = $1 AND lead_id = $2
         RETURNING source_id, ad, clicked_at, began_at, lead_at, complete_at, qualified_at, won_at, is_good, attributed",
        params![project, lead],
        |row| read_steps(row, row.get(0)?, 1),
    )
    .await
}

/// What is counted of leads that reached a step, or were clicked for, between two times, the second excluded.
pub async fn between(conn: &Conn, project: ProjectId, within: &Range<Timestamp>) -> Result<Vec<LeadSteps>> {
    // Each part by its own index; a lead that is found by two is one row.
    conn.query(
        "SELECT source_id, ad, clicked_at, began_at, lead_at, complete_at, qualified_at, won_at, is_good, attributed
         FROM lead_steps
         WHERE lead_id IN (
             SELECT lead_id FROM lead_steps WHERE project_id = $1 AND clicked_at >= $2 AND clicked_at < $3
             UNION SELECT lead_id FROM lead_steps WHERE project_id = $1 AND began_at >= $2 AND began_at < $3
             UNION SELECT lead_id FROM lead_steps WHERE project_id = $1 AND lead_at >= $2 AND lead_at < $3
             UNION SELECT lead_id FROM lead_steps WHERE project_id = $1 AND complete_at >= $2 AND complete_at < $3
             UNION SELECT lead_id FROM lead_steps WHERE project_id = $1 AND qualified_at >= $2 AND qualified_at < $3
             UNION SELECT lead_id FROM lead_steps WHERE project_id = $1 AND won_at >= $2 AND won_at < $3
         )",
        params![project, within.start, within.end],
        |row| read_steps(row, row.get(0)?, 1),
    )
    .await
}

/// The first time at which something of a lead is counted.
pub async fn earliest(conn: &Conn, project: ProjectId) -> Result<Option<Timestamp>> {
    // Nobody writes before their session begins.
    conn.find(
        "SELECT clicked_at
         FROM lead_steps
         WHERE project_id = $1 AND clicked_at > $2
         ORDER BY clicked_at, lead_id
         LIMIT 1",
        params![project, Timestamp::UNIX_EPOCH],
        |row| row.get(0),
    )
    .await
}

/// Which time of a lead a list goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// When its session began.
    Click,
    /// When the person first wrote.
    Beginning,
    /// When they had left their details.
    Lead,
    /// When all was known that the form requires.
    Completion,
    /// When it was first called worth the time.
    Qualification,
    /// When it was called won.
    Sale,
}

/// What is counted of a lead, with the lead.
#[derive(Clone, Copy, Debug)]
pub struct ListedSteps {
    /// The lead.
    pub lead: LeadId,
    /// Where it stands in the list.
    pub position: Position,
    /// What is counted.
    pub steps: LeadSteps,
}

macro_rules! listed {
    () => {
        "SELECT source_id, ad, clicked_at, began_at, lead_at, complete_at, qualified_at, won_at, is_good, attributed,
         lead_id, "
    };
}

/// Leads whose time is not before `from` and before a position, the newest first, at most `most`.
pub async fn page(
    conn: &Conn,
    project: ProjectId,
    by: By,
    (from, before): (Timestamp, Position),
    most: u32,
) -> Result<Vec<ListedSteps>> {
    let sql = match by {
        By::Click => concat!(
            listed!(),
            "clicked_at
             FROM lead_steps
             WHERE project_id = $1 AND clicked_at >= $2 AND (clicked_at, lead_id) < ($3, $4)
             ORDER BY clicked_at DESC, lead_id DESC
             LIMIT $5"
        ),
        By::Beginning => concat!(
            listed!(),
            "began_at
             FROM lead_steps
             WHERE project_id = $1 AND began_at >= $2 AND (began_at, lead_id) < ($3, $4)
             ORDER BY began_at DESC, lead_id DESC
             LIMIT $5"
        ),
        By::Lead => concat!(
            listed!(),
            "lead_at
             FROM lead_steps
             WHERE project_id = $1 AND lead_at >= $2 AND (lead_at, lead_id) < ($3, $4)
             ORDER BY lead_at DESC, lead_id DESC
             LIMIT $5"
        ),
        By::Completion => concat!(
            listed!(),
            "complete_at
             FROM lead_steps
             WHERE project_id = $1 AND complete_at >= $2 AND (complete_at, lead_id) < ($3, $4)
             ORDER BY complete_at DESC, lead_id DESC
             LIMIT $5"
        ),
        By::Qualification => concat!(
            listed!(),
            "qualified_at
             FROM lead_steps
             WHERE project_id = $1 AND qualified_at >= $2 AND (qualified_at, lead_id) < ($3, $4)
             ORDER BY qualified_at DESC, lead_id DESC
             LIMIT $5"
        ),
        By::Sale => concat!(
            listed!(),
            "won_at
             FROM lead_steps
             WHERE project_id = $1 AND won_at >= $2 AND (won_at, lead_id) < ($3, $4)
             ORDER BY won_at DESC, lead_id DESC
             LIMIT $5"
        ),
    };
    conn.query(sql, params![project, from, before.created_at, before.id, most], |row| {
        let lead: LeadId = row.get(10)?;
        let position = Position { created_at: row.get(11)?, id: lead.0 };
        Ok(ListedSteps { lead, position, steps: read_steps(row, row.get(0)?, 1)? })
    })
    .await
}
