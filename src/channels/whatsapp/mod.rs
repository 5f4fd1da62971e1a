//! WhatsApp Cloud API: verifies and parses what comes in, sends what goes out.
//!
//! Shapes and codes are those of Meta's reference (`developers.facebook.com/documentation/business-messaging/whatsapp`).

pub mod api;
pub mod check;
mod content;
mod errors;
mod found;
pub mod gesture;
mod interactive;
pub mod media;
mod message;
mod notices;
pub mod parse;
mod past;
mod people;
pub mod send;
pub mod set_up;
mod status;
pub(super) mod templates;
pub mod verify;

pub use interactive::shows;

/// Where the platform's API is, unless the channel says otherwise.
pub const API_BASE: &str = "https://graph.facebook.com";

/// The version of the Graph API that is spoken, unless configured otherwise; out since July 2026.
pub const API_VERSION: &str = "v26.0";
