//! Telegram Bot API: sets a bot's webhook up, verifies and parses what comes in, sends what goes out.
//!
//! Shapes and codes are those of `core.telegram.org/bots/api`, version 10.2. A bot's token stands in the path of every call, so no
//! address of a call is ever logged or shown.

pub mod api;
pub mod check;
mod content;
pub mod gesture;
mod markup;
pub mod media;
pub mod parse;
pub mod send;
pub mod set_up;
pub mod verify;

/// Where the platform's API is, unless the channel says otherwise.
pub const API_BASE: &str = "https://api.telegram.org";

/// What the webhook is to bring; without the list Telegram keeps the previous one.
pub const ALLOWED_UPDATES: [&str; 8] = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
];
