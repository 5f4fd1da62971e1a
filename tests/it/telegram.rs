//! Telegram, from setting a bot up to its replies.

mod business;
mod data;
mod inbound;
mod kills;
mod outbound;
mod page;
mod set_up;
