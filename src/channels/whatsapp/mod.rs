//! WhatsApp Cloud API: what comes in is verified, then parsed; what goes out is made here and sent by others.
//!
//! Shapes and codes are those of Meta's reference (`developers.facebook.com/documentation/business-messaging/whatsapp`).

mod content;
mod errors;
mod json;
mod message;
pub mod parse;
pub mod send;
mod status;
pub mod verify;

pub use content::{Content, IdChange, SharedContact, SharedPhone};
pub use errors::PlatformError;
pub use message::{InboundMessage, Referral};
pub use status::{Status, StatusUpdate};

/// Where the platform's API is, unless the channel says otherwise.
pub const API_BASE: &str = "https://graph.facebook.com";

/// The version of the Graph API that is spoken, unless configured otherwise; out since July 2026.
pub const API_VERSION: &str = "v26.0";
