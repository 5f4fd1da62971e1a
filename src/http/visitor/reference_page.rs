//! What a browser is shown on its way to a chat whose link carries the reference unseen: it goes on by itself, and who comes back finds
//! the reference to copy. Telegram loses it in chats that exist already, and in some of its apps (docs/decisions/0023).

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::chat_address;
use super::languages::Words;
use crate::domain::channel::ChannelKind;
use crate::domain::correlation::{CorrelationId, telegram_app_link};
use crate::http::error::Result;
use crate::store::widgets::Widget;

const STYLE: &str = include_str!("reference_page.css");
const SCRIPT: &str = include_str!("reference_page.js");
const PAGE: &str = include_str!("reference_page.html");

/// Allows the page its own style and script, by their hashes, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// Whether a click is answered by the page: it is a browser's window that goes there, and the chat's link carries the reference unseen.
/// Programs, and frames, get the redirect.
pub(super) fn is_wanted(widget: &Widget, headers: &HeaderMap) -> bool {
    let is = |name: &str, word: &str| headers.get(name).is_some_and(|value| value.as_bytes() == word.as_bytes());
    widget.channel_kind == ChannelKind::Telegram && is("sec-fetch-dest", "document") && is("sec-fetch-mode", "navigate")
}

/// The page. All that is put into it are our own words, and links that we made: ids and handles of letters, digits and signs that mean
/// nothing in HTML.
pub(super) fn show(base_url: &str, widget: &Widget, correlation_id: &str, words: &Words) -> Result<Response> {
    let id = CorrelationId::parse(correlation_id)?;
    let handle = widget.handle.as_deref().unwrap_or_default();
    let page = PAGE
        .replace("{{style}}", STYLE)
        .replace("{{script}}", SCRIPT)
        .replace("{{link}}", &escape(&chat_address(base_url, widget, &widget.greeting, Some(correlation_id))))
        .replace("{{app}}", &escape(&telegram_app_link(handle, &id)))
        .replace("{{bot}}", &escape(handle))
        .replace("{{language}}", words.language)
        .replace("{{direction}}", words.direction())
        .replace("{{opening}}", words.opening)
        .replace("{{chat_with}}", words.chat_with)
        .replace("{{open}}", words.open)
        .replace("{{open_app}}", words.open_app)
        .replace("{{your_reference}}", words.reference)
        .replace("{{copy}}", words.copy)
        .replace("{{purpose}}", words.purpose)
        .replace("{{copied}}", words.copied)
        .replace("{{by_hand}}", words.copy_by_hand)
        .replace("{{reference}}", id.as_str());
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-security-policy", POLICY.as_str()),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ];
    Ok((headers, page).into_response())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_nothing_that_its_policy_forbids() {
        assert!(!PAGE.contains(" style=") && !PAGE.contains(" onclick="));
        assert_eq!(
            (PAGE.matches("<style>{{style}}</style>").count(), PAGE.matches("<script>{{script}}</script>").count()),
            (1, 1)
        );
        assert!(!STYLE.contains('<') && !SCRIPT.contains("</"));
        assert_eq!(escape("https://t.me/a?start=\"<&>"), "https://t.me/a?start=&quot;&lt;&amp;&gt;");
    }
}
