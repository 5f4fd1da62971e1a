//! What of a person is emptied when they are erased: rows keep their times and where they came from, so that numbers stay true.

use super::model_calls;
use super::window::Position;
use crate::db::{Conn, Result, Tx};
use crate::domain::ids::{ClickId, ConversationId, LeadId, ProjectId};
use crate::domain::time::Timestamp;
use crate::params;

/// Empties what a conversation knows of the person. They are not found by their ids any more, and no turn is under way.
pub async fn empty_conversation(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    tx.execute(
        "UPDATE conversations
         SET external_user_id = NULL, external_phone_id = NULL, profile_name = NULL, username = NULL, phone = NULL,
             agent_state = '{}', due_at = NULL, burst_started_at = NULL, turn_number = turn_number + 1, handling = 'agent',
             handler = NULL, handling_since = NULL, unanswered_since = NULL, asked_at = NULL, language = NULL, thread = NULL, account = NULL,
             nudge_at = NULL, abandon_at = NULL
         WHERE project_id = $1 AND id = $2",
        params![project, conversation],
    )
    .await
}

/// Empties the messages of a conversation; what waits to be sent is not. Gives how many there are.
pub async fn empty_messages(tx: &Tx, project: ProjectId, conversation: ConversationId) -> Result<u64> {
    // `+`: SQLite is to find the rows by their conversation, which has far fewer than the project.
    tx.execute(
        "UPDATE messages
         SET text = NULL, contact = NULL, raw = NULL, external_id = NULL, original_id = NULL, due_at = NULL,
             status = CASE WHEN due_at IS NULL THEN status ELSE 'cancelled' END,
             error = CASE WHEN error IS NULL THEN NULL ELSE 'erased' END
         WHERE +project_id = $1 AND conversation_id = $2",
        params![project, conversation],
    )
    .await
}

/// Empties a lead, and removes the history of its fields, its notes, and what is known of ads and refused ids.
pub async fn empty_lead(
    tx: &Tx,
    project: ProjectId,
    (lead, conversation): (LeadId, ConversationId),
    now: Timestamp,
) -> Result<()> {
    let both = params![project, lead];
    tx.execute(
        "UPDATE leads
         SET fields = '{}', intent = NULL, announced_details = NULL, announce_due_at = NULL, quality_reason = NULL, erased_at = $3,
             updated_at = $3
         WHERE project_id = $1 AND id = $2",
        params![project, lead, now],
    )
    .await?;
    tx.execute("DELETE FROM lead_field_values WHERE project_id = $1 AND lead_id = $2", both).await?;
    tx.execute("UPDATE lead_activity SET text = '' WHERE project_id = $1 AND lead_id = $2", both).await?;
    let of_conversation = params![project, conversation];
    tx.execute(
        "UPDATE referrals SET raw = '{}', ad_click_id = NULL WHERE project_id = $1 AND conversation_id = $2",
        of_conversation,
    )
    .await?;
    tx.execute("DELETE FROM refused_correlation_ids WHERE project_id = $1 AND conversation_id = $2", of_conversation)
        .await?;
    model_calls::erase(tx, project, conversation).await?;
    // `+`: SQLite is to find the rows by their conversation.
    tx.execute("UPDATE sessions SET device_id = NULL WHERE +project_id = $1 AND conversation_id = $2", of_conversation)
        .await?;
    Ok(())
}

/// A click of the person's, as far as it may tell who they are.
#[derive(Clone, Debug)]
pub struct PersonalClick {
    /// Row key.
    pub id: ClickId,
    /// When it happened.
    pub created_at: Timestamp,
    /// Names it in the event.
    pub correlation_id: String,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Campaign parameters, a JSON object.
    pub parsed_params: String,
}

/// The clicks of a conversation's sessions.
pub async fn clicks(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Vec<PersonalClick>> {
    conn.query(
        "SELECT k.id, k.created_at, s.correlation_id, k.click_url, k.first_raw_url, k.parsed_params
         FROM sessions AS s JOIN clicks AS k ON k.session_id = s.id AND k.linked
         WHERE +s.project_id = $1 AND s.conversation_id = $2",
        params![project, conversation],
        |row| {
            Ok(PersonalClick {
                id: row.get(0)?,
                created_at: row.get(1)?,
                correlation_id: row.get(2)?,
                click_url: row.get(3)?,
                first_raw_url: row.get(4)?,
                parsed_params: row.get(5)?,
            })
        },
    )
    .await
}

/// Stores what is left of a click: the pages and the campaign that are given, no address and no browser.
pub async fn empty_click(tx: &Tx, project: ProjectId, click: &PersonalClick) -> Result<u64> {
    tx.execute(
        "UPDATE clicks
         SET click_url = $3, first_raw_url = $4, parsed_params = $5, referrer = NULL, ip_address = NULL, user_agent = NULL
         WHERE project_id = $1 AND created_at = $6 AND id = $2 AND linked",
        params![
            project,
            click.id,
            &click.click_url,
            &click.first_raw_url,
            &click.parsed_params,
            click.created_at
        ],
    )
    .await
}

/// The event of a click, by its time and row key.
pub async fn event_of_click(conn: &Conn, project: ProjectId, click: &PersonalClick) -> Result<Vec<Position>> {
    let like = format!("%\"correlation_id\":\"{}\"%", click.correlation_id);
    conn.query(
        "SELECT created_at, id
         FROM events
         WHERE project_id = $1 AND created_at = $2 AND event_type = 'widget.click' AND body LIKE $3",
        params![project, click.created_at, &like],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}

/// The events of a conversation, by their times and row keys.
pub async fn events(conn: &Conn, project: ProjectId, conversation: ConversationId) -> Result<Vec<Position>> {
    conn.query(
        "SELECT created_at, id FROM events WHERE +project_id = $1 AND conversation_id = $2",
        params![project, conversation],
        |row| Ok(Position { created_at: row.get(0)?, id: row.get(1)? }),
    )
    .await
}

/// Empties the body of an event, cancels its deliveries that wait, and empties what receivers answered. Gives how many deliveries
/// there are.
pub async fn empty_event(tx: &Tx, project: ProjectId, event: Position) -> Result<u64> {
    let key = params![project, event.created_at, event.id];
    tx.execute(
        "UPDATE events SET body = '{}', body_external = NULL WHERE project_id = $1 AND created_at = $2 AND id = $3",
        key,
    )
    .await?;
    tx.execute(
        "UPDATE deliveries
         SET status = 'cancelled', due_at = NULL, holds_slot = FALSE
         WHERE status = 'pending' AND created_at = $2 AND event_id = $3
           AND webhook_id IN (SELECT id FROM webhooks WHERE project_id = $1)",
        key,
    )
    .await?;
    tx.execute(
        "UPDATE attempts
         SET response_headers = NULL, response_body = NULL
         WHERE delivery_id IN (
             SELECT d.id
             FROM webhooks AS w JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = $2
             WHERE w.project_id = $1 AND d.event_id = $3
         )",
        key,
    )
    .await?;
    deliveries(tx, project, event).await
}

/// How many deliveries an event has.
pub async fn deliveries(conn: &Conn, project: ProjectId, event: Position) -> Result<u64> {
    let count: i64 = conn
        .get(
            "SELECT COUNT(*)
             FROM webhooks AS w JOIN deliveries AS d ON d.webhook_id = w.id AND d.created_at = $2
             WHERE w.project_id = $1 AND d.event_id = $3",
            params![project, event.created_at, event.id],
            |row| row.get(0),
        )
        .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// How many messages, values of fields and notes there are of a lead.
pub async fn counts(
    conn: &Conn,
    project: ProjectId,
    (lead, conversation): (LeadId, ConversationId),
) -> Result<(i64, i64, i64)> {
    conn.get(
        "SELECT (SELECT COUNT(*) FROM messages AS m WHERE +m.project_id = $1 AND m.conversation_id = $3),
                (SELECT COUNT(*) FROM lead_field_values AS v WHERE v.project_id = $1 AND v.lead_id = $2),
                (SELECT COUNT(*) FROM lead_activity AS a WHERE a.project_id = $1 AND a.lead_id = $2 AND a.kind = 'note')",
        params![project, lead, conversation],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
    .await
}
