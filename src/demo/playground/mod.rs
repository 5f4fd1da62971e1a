//! The playground of `aurix demo`: a shop with the real widget and the real chat on its pages, a phone that stands in for WhatsApp and Telegram, and a listener. Around
//! them everything is real: the link, the inbound webhook and its signatures, the replies, the deliveries.

mod bot;
mod feed;
mod graph;
mod lead;
mod listener;
mod message;
mod pages;
mod phone;
mod platform;
mod state;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::engines::Engines;

pub use state::{BotStage, ChatStage, Playground, Stage};

/// The path that a newcomer opens.
pub const PATH: &str = "/playground";
/// Where the link behind the widget's button leads: the phone, as `https://wa.me` elsewhere.
pub const PHONE_PATH: &str = "/playground/phone";
/// Where replies go: the stand-in for the platform's API.
pub const GRAPH_PATH: &str = "/playground/graph";
/// Where the links to the bot lead: the phone, as `https://t.me` elsewhere.
pub const BOT_CHAT_PATH: &str = "/playground/phone/telegram";
/// Where the bot's replies go: the stand-in for Telegram's API.
pub const BOT_API_PATH: &str = "/playground/telegram";
/// Where deliveries go: the built-in listener.
pub const LISTENER_PATH: &str = "/playground/listener";

/// The playground's routes. A server that was not started with them has none of it.
pub fn routes(playground: Arc<Playground>) -> Router<Engines> {
    Router::new()
        .route(PATH, get(pages::index))
        .route("/playground/shop", get(pages::shop))
        .route("/playground/shop/prices", get(pages::prices))
        .route(PHONE_PATH, get(pages::phone))
        .route("/playground/phone/{number}", get(pages::chat))
        .route("/playground/phone/telegram/{bot}", get(pages::bot_chat))
        .route("/playground/phone/send", post(phone::send))
        .route("/playground/telegram/send", post(bot::send))
        .route("/playground/telegram/{bot}/{method}", post(bot::answer_call))
        .route("/playground/assets/{file}", get(pages::asset))
        .route("/playground/state", get(state::show))
        .route("/playground/stream", get(feed::stream))
        .route("/playground/reset", post(state::reset))
        .route("/playground/graph/{version}/{phone_number_id}/messages", post(graph::accept_message))
        .route(LISTENER_PATH, post(listener::take_delivery))
        .layer(Extension(playground))
}
