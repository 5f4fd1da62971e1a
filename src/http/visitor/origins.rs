//! Which sites may use a widget from their scripts.

use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::clicks::widget_sightings::note_refused;
use crate::domain::origin::AllowedOrigin;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::store::widgets::Widget;

/// The origin that a response is readable from: any, where no browser asks on behalf of a site. An error for a site that is not on the
/// widget's list; pages of this server itself are.
pub(super) fn allowed_origin(engines: &Engines, widget: &Widget, headers: &HeaderMap) -> Result<HeaderValue> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(HeaderValue::from_static("*")) };
    let admits = |allowed: &AllowedOrigin| origin.to_str().is_ok_and(|origin| allowed.admits(origin));
    if widget.origins.is_empty() || widget.origins.iter().any(admits) || is_own(&engines.core.config.base_url, origin) {
        return Ok(origin.clone());
    }
    note_refused(&engines.clicks, widget, &String::from_utf8_lossy(origin.as_bytes()));
    Err(ApiError::Forbidden("This site is not on the widget's list of origins.".to_owned()))
}

/// The origin that a refusal is readable from: that which asks, so that its script learns that there is no use in asking again.
pub(super) fn asking_origin(headers: &HeaderMap) -> HeaderValue {
    headers.get(ORIGIN).cloned().unwrap_or(HeaderValue::from_static("*"))
}

/// An error that the site's script can read.
pub(super) fn readable_from(origin: HeaderValue, error: ApiError) -> Response {
    let mut response = error.into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    response
}

/// The headers that let the site's script read a response.
pub(super) fn cross_origin(origin: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [
        (HeaderName::from_static("access-control-allow-origin"), origin),
        (HeaderName::from_static("vary"), HeaderValue::from_static("origin")),
    ]
}

fn is_own(base_url: &str, origin: &HeaderValue) -> bool {
    let own = url::Url::parse(base_url).map(|url| url.origin().ascii_serialization());
    own.is_ok_and(|own| origin.as_bytes() == own.as_bytes())
}
