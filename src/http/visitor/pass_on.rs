//! Sends a visitor on to a chat, and records that they went, where they are a person whose click counts.

use axum::http::header::{CACHE_CONTROL, LOCATION, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::languages::Words;
use super::{admit, chat_address, reference_page};
use crate::clicks::automated_requests;
use crate::clicks::record::{Hit, record_click};
use crate::domain::link::LinkStatus;
use crate::domain::visitor::{RequestKind, RequestSigns};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};

/// Records the hit, then sends the visitor to the widget's own channel, also beyond the rate limit. Who follows a link that was paused
/// or removed is counted apart, and gets no reference.
pub(super) async fn pass_on(
    engines: &Engines,
    (method, headers): (&Method, &HeaderMap),
    hit: Hit,
    greeting: &str,
) -> Result<Response> {
    let (clicks, base_url, widget) = (&engines.clicks, &engines.core.config.base_url, hit.widget.clone());
    let kind = request_kind(method, headers);
    let paused = hit.link.as_ref().filter(|link| link.status != LinkStatus::Active);
    let correlation_id = if !kind.is_click() {
        automated_requests::count(clicks, &widget, kind);
        None
    } else if let Some(link) = paused {
        automated_requests::count_paused(clicks, &widget, link);
        None
    } else if admit(engines, &widget, hit.ip).is_ok() {
        Some(record_click(clicks, hit).await)
    } else {
        None
    };
    if let Some(id) = &correlation_id
        && reference_page::is_wanted(&widget, headers)
    {
        return reference_page::show(base_url, &widget, id, Words::wanted(headers));
    }
    let location = chat_address(base_url, &widget, greeting, correlation_id.as_deref());
    let location = HeaderValue::try_from(location).map_err(|error| ApiError::Internal(error.into()))?;
    Ok((StatusCode::FOUND, [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response())
}

fn request_kind(method: &Method, headers: &HeaderMap) -> RequestKind {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // A crawler with bytes in its name that are not ASCII is a crawler all the same.
    let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    RequestKind::of(&RequestSigns {
        method: method.as_str(),
        user_agent: user_agent.as_deref(),
        sec_purpose: header("sec-purpose"),
        purpose: header("purpose").or_else(|| header("x-purpose")),
        x_moz: header("x-moz"),
    })
}
