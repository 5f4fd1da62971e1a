//! `GET /l/{slug}`: a link without a site, as posters, bios and newsletters have it. A visitor never sees an error: one that was paused or
//! removed leads to the chat as well, and in place of one that nobody made there is a page that says so.

use std::net::IpAddr;
use std::sync::LazyLock;

use axum::extract::{Request, State};
use axum::http::header::{REFERER, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::languages::Words;
use super::pass_on::pass_on;
use super::without_nul;
use crate::clicks::find_link::find_link;
use crate::clicks::record::Hit;
use crate::domain::ids::ProjectId;
use crate::domain::link::{LinkStatus, Slug, address};
use crate::engines::Engines;
use crate::http::client_address::ClientAddress;
use crate::http::error::{LINKS_UNAVAILABLE, NO_SUCH_LINK, Result};
use crate::http::extract::Path;

const STYLE: &str = include_str!("reference_page.css");
const PAGE: &str = include_str!("no_link_page.html");

/// Allows the page its own style, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    )
});

/// Records the click with what the link says of it, then sends the visitor to the chat.
pub async fn redirect(
    State(engines): State<Engines>,
    slug: Result<Path<String>>,
    ClientAddress(ip): ClientAddress,
    request: Request,
) -> Result<Response> {
    let slug = slug.ok().and_then(|Path(slug)| Slug::parse(&slug).ok());
    follow(&engines, (slug, None), ip, request).await
}

/// The same for the end of an address, on the own domain of a project's links where one is named: there others' are not known.
pub(super) async fn follow(
    engines: &Engines,
    (slug, on_domain_of): (Option<Slug>, Option<ProjectId>),
    ip: IpAddr,
    request: Request,
) -> Result<Response> {
    // What cannot be one is never looked up.
    let Some(slug) = slug else { return Ok(no_link(request.headers())) };
    let (link, widget) = match find_link(&engines.clicks, &slug).await {
        Ok(Some((link, widget))) if on_domain_of.is_none_or(|project| project == link.project) => (link, widget),
        Ok(_) => return Ok(no_link(request.headers())),
        Err(error) => {
            tracing::error!(%slug, error = %format!("{error:#}"), "a link cannot be looked up");
            return Ok(not_now(request.headers()));
        }
    };
    let greeting = match link.status {
        LinkStatus::Active | LinkStatus::Paused if !link.campaign.text.is_empty() => link.campaign.text.clone(),
        _ => widget.greeting.clone(),
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let headers = request.headers();
    let base_url = &engines.core.config.base_url;
    let followed = match on_domain_of {
        Some(_) => link.address(base_url),
        None => address(base_url, None, slug.as_str()),
    };
    let hit = Hit {
        widget,
        link: Some(link),
        // An address that many share: a device in it would be somebody else's.
        device_id: None,
        click_url: Some(format!("{followed}{query}")),
        first_raw_url: None,
        referrer: text(headers, &REFERER),
        ip,
        user_agent: text(headers, &USER_AGENT),
    };
    pass_on(engines, (request.method(), headers), hit, &greeting).await
}

fn text(headers: &HeaderMap, name: &axum::http::HeaderName) -> Option<String> {
    let text = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.map(without_nul).filter(|text| !text.is_empty())
}

/// In place of a link that nobody made.
fn no_link(headers: &HeaderMap) -> Response {
    let words = Words::wanted(headers);
    show(NO_SUCH_LINK, words, (words.no_chat, words.no_chat_text))
}

/// In place of one that cannot be looked up now.
fn not_now(headers: &HeaderMap) -> Response {
    let words = Words::wanted(headers);
    show(LINKS_UNAVAILABLE, words, (words.not_now, words.not_now_text))
}

fn show(status: StatusCode, words: &Words, (title, text): (&str, &str)) -> Response {
    let page = PAGE
        .replace("{{style}}", STYLE)
        .replace("{{language}}", words.language)
        .replace("{{direction}}", words.direction())
        .replace("{{title}}", title)
        .replace("{{text}}", text);
    let headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-security-policy", POLICY.as_str()),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ];
    (status, headers, page).into_response()
}
