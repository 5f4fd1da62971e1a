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
    lost!("channel_troubles", "channel", "channels"),
    lost!("past_messages", "channel", "channels"),
    lost!("past_messages", "project_id", "projects"),
    lost!("past_messages", "conversation_id", "conversations"),
    lost!("address_book", "channel", "channels"),
    lost!("address_book", "project_id", "projects"),
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
    lost!("sessions", "source_id", "sources"),
    lost!("sessions", "ad", "ads"),
    lost!("sources", "link_id", "links"),
    lost!("links", "project_id", "projects"),
    lost!("links", "widget_id", "widgets"),
    lost!("lead_steps", "lead_id", "leads"),
    lost!("lead_steps", "source_id", "sources"),
    lost!("lead_steps", "ad", "ads"),
    lost!("uncounted_clicks", "source_id", "sources"),
    lost!("uncounted_clicks", "ad", "ads"),
    lost!("ad_names", "ad", "ads"),
    lost!("counts", "project_id", "projects"),
    "SELECT COUNT(*) FROM tokens WHERE project_id <> 0 AND NOT EXISTS (SELECT 1 FROM projects WHERE projects.id = tokens.project_id)",
    "SELECT COUNT(*) FROM tokens WHERE user_id <> 0 AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = tokens.user_id)",
    lost!("idempotency_keys", "token_id", "tokens"),
];

/// Leads of which something else is counted than their rows say.
const MISCOUNTED: &str = "SELECT COUNT(*)
    FROM leads AS l LEFT JOIN sessions AS s ON s.id = l.session_id LEFT JOIN lead_steps AS k ON k.lead_id = l.id
    WHERE CASE
        WHEN l.quality = 'not_a_lead' OR l.is_internal OR COALESCE(s.is_internal, FALSE) THEN k.lead_id IS NOT NULL
        ELSE k.lead_id IS NULL OR k.source_id <> COALESCE(s.source_id, k.source_id) OR k.began_at <> l.created_at
            OR k.clicked_at <> COALESCE(s.started_at, l.created_at) OR COALESCE(k.lead_at, 0) <> COALESCE(l.announced_at, 0)
            OR COALESCE(k.complete_at, 0) <> COALESCE(l.completed_at, 0)
            OR COALESCE(k.qualified_at, 0) <> COALESCE(l.qualified_at, 0)
            OR COALESCE(k.won_at, 0) <> COALESCE(l.won_at, 0) OR k.is_good <> (l.quality = 'good')
    END";

/// Sums of counts that are not those of the leads that are counted.
const WRONG_SUMS: &str = "SELECT COUNT(*)
    FROM (
        SELECT series, SUM(conversations) AS began, SUM(of_leads) AS leads, SUM(complete) AS complete
        FROM counts
        WHERE series IN (1, 2, 5, 6)
        GROUP BY series
    ) AS sums
    WHERE began <> (SELECT COUNT(*) FROM lead_steps) OR leads <> (SELECT COUNT(lead_at) FROM lead_steps)
        OR complete <> (SELECT COUNT(complete_at) FROM lead_steps)";

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
        assert_eq!(self.count(MISCOUNTED).await, 0, "what is counted of a lead is what its rows say");
        assert_eq!(self.count(WRONG_SUMS).await, 0, "counts are the sums of the leads that are counted");
    }
}
