//! What foreign keys would keep true, looked at when a test ends: every row that names another one finds it.

use super::TestApp;

/// The rows of a table that name a row of another one which is not there.
macro_rules! lost {
    ($table:literal, $column:literal, $parent:literal) => {
        concat!(
            "SELECT COUNT(*) FROM ",
            $table,
            " AS child WHERE child.",
            $column,
            " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ",
            $parent,
            " AS parent WHERE parent.id = child.",
            $column,
            ")"
        )
    };
}

const LOST: &[&str] = &[
    lost!("conversations", "project_id", "projects"),
    lost!("conversations", "channel", "channels"),
    lost!("conversations", "merged_into", "conversations"),
    lost!("sessions", "project_id", "projects"),
    lost!("sessions", "conversation_id", "conversations"),
    lost!("clicks", "project_id", "projects"),
    lost!("clicks", "session_id", "sessions"),
    lost!("clicks", "widget_id", "widgets"),
    lost!("leads", "project_id", "projects"),
    lost!("leads", "conversation_id", "conversations"),
    lost!("leads", "session_id", "sessions"),
    lost!("messages", "project_id", "projects"),
    lost!("messages", "channel", "channels"),
    lost!("messages", "conversation_id", "conversations"),
    lost!("media", "message_id", "messages"),
    lost!("media", "conversation_id", "conversations"),
    lost!("media", "channel", "channels"),
    "SELECT COUNT(*) FROM media_content WHERE NOT EXISTS (SELECT 1 FROM media WHERE media.message_id = media_content.message_id)",
    lost!("chats", "project_id", "projects"),
    lost!("chats", "channel", "channels"),
    lost!("chats", "widget_id", "widgets"),
    lost!("chats", "conversation_id", "conversations"),
    lost!("notices", "channel", "channels"),
    lost!("channel_accounts", "channel", "channels"),
    lost!("channel_groups", "channel", "channels"),
    lost!("channels", "limited_conversation", "conversations"),
    lost!("referrals", "conversation_id", "conversations"),
    lost!("refused_correlation_ids", "conversation_id", "conversations"),
    lost!("lead_field_values", "lead_id", "leads"),
    lost!("lead_activity", "lead_id", "leads"),
    lost!("writers", "conversation_id", "conversations"),
    lost!("events", "project_id", "projects"),
    lost!("events", "conversation_id", "conversations"),
    lost!("deliveries", "webhook_id", "webhooks"),
    lost!("deliveries", "event_id", "events"),
    lost!("deliveries", "conversation_id", "conversations"),
    lost!("attempts", "delivery_id", "deliveries"),
    lost!("mails", "user_id", "users"),
    lost!("mail_attention", "mail_id", "mails"),
    lost!("mail_attention", "attention_id", "attention"),
    lost!("payload_templates", "webhook_id", "webhooks"),
    lost!("payload_templates", "project_id", "projects"),
    lost!("unanswered_questions", "project_id", "projects"),
    lost!("unanswered_questions", "conversation_id", "conversations"),
    lost!("model_calls", "project_id", "projects"),
    lost!("model_calls", "conversation_id", "conversations"),
    lost!("model_days", "project_id", "projects"),
    lost!("model_drops", "project_id", "projects"),
];

/// Clicks that are filed as linked and are not, or the other way round.
const MISFILED: &str = "SELECT COUNT(*) FROM clicks JOIN sessions ON sessions.id = clicks.session_id
    WHERE clicks.linked <> (sessions.conversation_id IS NOT NULL)";

impl TestApp {
    /// Fails where a row names one that is not there.
    pub async fn assert_nothing_is_lost(&self) {
        for sql in LOST {
            assert_eq!(self.count(sql).await, 0, "{sql}");
        }
        assert_eq!(self.count(MISFILED).await, 0, "clicks are read with the lead of their session");
    }
}
