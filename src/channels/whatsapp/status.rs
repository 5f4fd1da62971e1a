//! What became of a message that was sent.

use super::errors::{self, PlatformError};
use super::json::{text, time};
use jiff::Timestamp;
use serde_json::Value;

/// A step of a message on its way to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The platform has it.
    Sent,
    /// The person's phone has it.
    Delivered,
    /// The person has seen it; also that they have listened to it.
    Read,
    /// It did not get through.
    Failed,
    /// A word of the platform's that says nothing of these.
    Other(String),
}

impl Status {
    fn parse(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" | "played" => Self::Read,
            "failed" => Self::Failed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The rank that never falls: take a status only where its rank is above that of the one before. A failure is above
    /// `sent` and below `delivered`, since what arrived did not fail.
    pub fn order(&self) -> u8 {
        match self {
            Self::Other(_) => 0,
            Self::Sent => 1,
            Self::Failed => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }

    /// The word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Other(word) => word,
        }
    }
}

/// A step that the platform reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    /// The channel's id at the platform.
    pub phone_number_id: Option<String>,
    /// The message's id at the platform.
    pub platform_id: String,
    /// Our own id of the reply, where the message was sent with it.
    pub reply_id: Option<String>,
    /// The person's WhatsApp id.
    pub wa_id: Option<String>,
    /// The person's business-scoped user id.
    pub user_id: Option<String>,
    /// The step.
    pub status: Status,
    /// When it was taken, by the platform's clock.
    pub at: Option<Timestamp>,
    /// Why it failed.
    pub errors: Vec<PlatformError>,
    /// The status's JSON.
    pub raw: String,
}

/// Reads a status; `None` where it does not tell which message, or which step.
pub(super) fn read(raw: &str, phone_number_id: Option<&str>) -> Option<StatusUpdate> {
    let status: Value = serde_json::from_str(raw).ok()?;
    Some(StatusUpdate {
        phone_number_id: phone_number_id.map(str::to_owned),
        platform_id: text(&status, &["id"])?,
        reply_id: text(&status, &["biz_opaque_callback_data"]),
        wa_id: text(&status, &["recipient_id"]),
        user_id: text(&status, &["recipient_user_id"]),
        status: Status::parse(&text(&status, &["status"])?),
        at: time(&status, &["timestamp"]),
        errors: errors::read(&status),
        raw: raw.to_owned(),
    })
}
