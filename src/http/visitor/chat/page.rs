//! `GET /chat.js`: the panel, which the button loads when it is pressed. `GET /chat/{widget}`: a page that has nothing but a widget's chat,
//! where links without a site lead.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::script::public;
use super::{get_widget, with_chat};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Path;

const SCRIPT: &str = include_str!("../../../../widget/dist/chat.js");
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// Allows the page its own style by its hash, this server's scripts, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    )
});

/// The panel.
pub async fn script() -> impl IntoResponse {
    public(SCRIPT)
}

/// The page of a widget's chat.
pub async fn show(State(engines): State<Engines>, Path(id): Path<String>) -> Result<Response> {
    let widget = with_chat(get_widget(&engines.clicks, &id).await?)?;
    // Our own id: letters and digits.
    let page = PAGE.replace("{{style}}", STYLE).replace("{{widget}}", &widget.public_id);
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-security-policy", POLICY.as_str()),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ];
    Ok((headers, page).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_nothing_that_its_policy_forbids() {
        assert!(!PAGE.contains(" style=") && !PAGE.contains(" onclick=") && !STYLE.contains('<'));
        assert_eq!(PAGE.matches("<style>{{style}}</style>").count(), 1);
    }
}
