//! Rows that have a history behind them: the product writes them step by step, a seed at once, as they are at the end. Everything
//! else is stored by the product's own functions.

use aurix::db::{Sql, Tx};
use aurix::domain::ids::{
    ChannelId, ConversationId, DeliveryId, EventId, LeadId, MessageId, ProjectId, SessionId, UserId, WebhookId,
};

/// Microseconds since 1970.
pub type Time = i64;

/// A session.
pub struct SessionRow {
    pub id: SessionId,
    pub device_id: Option<String>,
    pub correlation_id: String,
    pub folded_id: String,
    pub started_at: Time,
    pub conversation: Option<ConversationId>,
    pub correlated_at: Option<Time>,
}

/// A conversation.
pub struct ConversationRow {
    pub id: ConversationId,
    pub public_id: String,
    pub external_user_id: Option<String>,
    pub external_phone_id: String,
    pub profile_name: Option<String>,
    pub username: Option<String>,
    pub phone: String,
    pub agent_state: String,
    pub answered_up_to: MessageId,
    pub turn_number: i64,
    pub handling: &'static str,
    pub handler: Option<UserId>,
    pub handling_since: Option<Time>,
    pub unanswered_since: Option<Time>,
    pub asked_at: Option<Time>,
    pub created_at: Time,
}

/// A lead. Its row key is that of its conversation.
pub struct LeadRow {
    pub conversation: ConversationId,
    pub session: Option<SessionId>,
    pub status: &'static str,
    pub fields: String,
    pub intent: Option<String>,
    pub announced_at: Time,
    pub announced_details: String,
    pub completed_at: Option<Time>,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_message_at: Time,
    pub stage: Option<&'static str>,
    pub stage_value: Option<i64>,
    pub currency: Option<&'static str>,
    pub quality: &'static str,
    pub quality_reason: Option<&'static str>,
}

/// A message.
pub struct MessageRow {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub direction: &'static str,
    pub reply_id: Option<String>,
    pub external_id: Option<String>,
    pub original_id: Option<String>,
    pub kind: &'static str,
    pub text: Option<String>,
    pub contact: Option<String>,
    pub raw: Option<String>,
    pub status: &'static str,
    pub error: Option<&'static str>,
    pub attempts: i64,
    pub retries_from: i64,
    pub sent_at: Option<Time>,
    pub revoked_at: Option<Time>,
    pub created_at: Time,
    pub user: Option<UserId>,
    /// How long the person had waited for it, in microseconds.
    pub waited: Option<Time>,
}

/// A value of a field.
pub struct FieldRow {
    pub lead: LeadId,
    pub key: &'static str,
    pub value: String,
    pub words: String,
    pub source: &'static str,
    pub message: Option<MessageId>,
    pub user: Option<UserId>,
    pub created_at: Time,
}

/// What somebody did with a lead.
pub struct ActivityRow {
    pub lead: LeadId,
    pub kind: &'static str,
    pub text: String,
    pub user: Option<UserId>,
    pub created_at: Time,
}

/// A delivery.
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    pub event: EventId,
    pub conversation: Option<ConversationId>,
    pub due_at: Option<Time>,
    pub created_at: Time,
    pub attempts: i64,
    pub retries_from: i64,
    pub tried: bool,
    pub status: &'static str,
    pub result: i64,
}

/// Stores sessions.
pub async fn sessions(tx: &Tx, project: ProjectId, rows: &[SessionRow]) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO sessions (id, project_id, device_id, correlation_id, folded_id,
                                       started_at, conversation_id, correlated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        postgres: "INSERT INTO sessions (id, project_id, device_id, correlation_id, folded_id,
                                         started_at, conversation_id, correlated_at)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                                        $7::bigint[], $8::bigint[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                row.id.into(),
                project.into(),
                (&row.device_id).into(),
                (&row.correlation_id).into(),
                (&row.folded_id).into(),
                row.started_at.into(),
                row.conversation.into(),
                row.correlated_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}

/// Stores conversations.
pub async fn conversations(
    tx: &Tx,
    (project, channel): (ProjectId, ChannelId),
    rows: &[ConversationRow],
) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO conversations (id, project_id, channel, public_id, external_user_id,
                                            external_phone_id, profile_name, username, phone,
                                            agent_state, answered_up_to, turn_number, handling,
                                            handler, handling_since, unanswered_since, ids_told_at,
                                            created_at, asked_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        postgres: "INSERT INTO conversations (id, project_id, channel, public_id, external_user_id,
                                              external_phone_id, profile_name, username, phone,
                                              agent_state, answered_up_to, turn_number, handling,
                                              handler, handling_since, unanswered_since, ids_told_at,
                                              created_at, asked_at)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[],
                                        $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[],
                                        $13::text[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
                                        $18::bigint[], $19::bigint[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                row.id.into(),
                project.into(),
                channel.into(),
                (&row.public_id).into(),
                (&row.external_user_id).into(),
                (&row.external_phone_id).into(),
                (&row.profile_name).into(),
                (&row.username).into(),
                (&row.phone).into(),
                (&row.agent_state).into(),
                row.answered_up_to.into(),
                row.turn_number.into(),
                row.handling.into(),
                row.handler.into(),
                row.handling_since.into(),
                row.unanswered_since.into(),
                row.created_at.into(),
                row.created_at.into(),
                row.asked_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}

/// Stores leads.
pub async fn leads(tx: &Tx, project: ProjectId, rows: &[LeadRow]) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO leads (id, project_id, conversation_id, session_id, status, fields,
                                    intent, announced_at, announced_details, completed_at,
                                    created_at, updated_at, last_message_at, stage, stage_value,
                                    currency, quality, quality_reason, reference)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        postgres: "INSERT INTO leads (id, project_id, conversation_id, session_id, status, fields,
                                      intent, announced_at, announced_details, completed_at,
                                      created_at, updated_at, last_message_at, stage, stage_value,
                                      currency, quality, quality_reason, reference)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                                        $7::text[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[],
                                        $13::bigint[], $14::text[], $15::bigint[], $16::text[], $17::text[], $18::text[],
                                        $19::text[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                row.conversation.0.into(),
                project.into(),
                row.conversation.into(),
                row.session.into(),
                row.status.into(),
                (&row.fields).into(),
                (&row.intent).into(),
                row.announced_at.into(),
                (&row.announced_details).into(),
                row.completed_at.into(),
                row.created_at.into(),
                row.updated_at.into(),
                row.last_message_at.into(),
                row.stage.into(),
                row.stage_value.into(),
                row.currency.into(),
                row.quality.into(),
                row.quality_reason.into(),
                row.reference().into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}

/// Stores messages.
pub async fn messages(tx: &Tx, (project, channel): (ProjectId, ChannelId), rows: &[MessageRow]) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO messages (id, project_id, channel, conversation_id, direction, reply_id,
                                       external_id, original_id, kind, text, contact, raw, status,
                                       error, attempts, retries_from, sent_at, revoked_at,
                                       created_at, user_id, waited)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                         $19, $20, $21)",
        postgres: "INSERT INTO messages (id, project_id, channel, conversation_id, direction,
                                         reply_id, external_id, original_id, kind, text, contact,
                                         raw, status, error, attempts, retries_from, sent_at,
                                         revoked_at, created_at, user_id, waited)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                                        $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
                                        $13::text[], $14::text[], $15::bigint[], $16::bigint[], $17::bigint[],
                                        $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                row.id.into(),
                project.into(),
                channel.into(),
                row.conversation.into(),
                row.direction.into(),
                (&row.reply_id).into(),
                (&row.external_id).into(),
                (&row.original_id).into(),
                row.kind.into(),
                (&row.text).into(),
                (&row.contact).into(),
                (&row.raw).into(),
                row.status.into(),
                row.error.into(),
                row.attempts.into(),
                row.retries_from.into(),
                row.sent_at.into(),
                row.revoked_at.into(),
                row.created_at.into(),
                row.user.into(),
                row.waited.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}

/// Stores values of fields.
pub async fn fields(tx: &Tx, project: ProjectId, rows: &[FieldRow]) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO lead_field_values (project_id, lead_id, key, value, words, source,
                                                message_id, user_id, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        postgres: "INSERT INTO lead_field_values (project_id, lead_id, key, value, words, source,
                                                  message_id, user_id, created_at)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                                        $7::bigint[], $8::bigint[], $9::bigint[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                project.into(),
                row.lead.into(),
                row.key.into(),
                (&row.value).into(),
                (&row.words).into(),
                row.source.into(),
                row.message.into(),
                row.user.into(),
                row.created_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}

/// Stores what people did.
pub async fn activity(tx: &Tx, project: ProjectId, rows: &[ActivityRow]) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO lead_activity (project_id, lead_id, kind, text, user_id, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
        postgres:
            "INSERT INTO lead_activity (project_id, lead_id, kind, text, user_id, created_at)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                project.into(),
                row.lead.into(),
                row.kind.into(),
                (&row.text).into(),
                row.user.into(),
                row.created_at.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}

/// Stores deliveries.
pub async fn deliveries(tx: &Tx, rows: &[DeliveryRow]) -> anyhow::Result<()> {
    const INSERT: Sql = Sql {
        sqlite: "INSERT INTO deliveries (id, webhook_id, event_id, conversation_id, due_at,
                                         created_at, attempts, retries_from, tried, status, result,
                                         holds_slot)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        postgres: "INSERT INTO deliveries (id, webhook_id, event_id, conversation_id, due_at,
                                           created_at, attempts, retries_from, tried, status, result,
                                           holds_slot)
                   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                                        $7::bigint[], $8::bigint[], $9::boolean[], $10::text[], $11::bigint[],
                                        $12::boolean[])",
    };
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            [
                row.id.into(),
                row.webhook.into(),
                row.event.into(),
                row.conversation.into(),
                row.due_at.into(),
                row.created_at.into(),
                row.attempts.into(),
                row.retries_from.into(),
                row.tried.into(),
                row.status.into(),
                row.result.into(),
                false.into(),
            ]
        })
        .collect();
    tx.execute_rows(INSERT, &values).await?;
    Ok(())
}
