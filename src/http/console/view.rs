//! Pages as responses, and pieces of HTML that Rust makes.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};

use crate::http::error::{ApiError, INVALID_FORM, Result};

/// A piece of HTML whose texts are escaped already.
#[derive(Clone, Debug, Default)]
pub struct Html(pub String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}

/// A text as HTML shows it.
pub fn escape(text: &str) -> String {
    askama::filters::escape(text, askama::filters::Html).map_or_else(|never| match never {}, |text| text.to_string())
}

/// A page.
pub fn page(template: &impl Template) -> Result<Response> {
    let html = template.render().map_err(ApiError::from)?;
    Ok(([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// A form that comes back with what is wrong: 422.
pub fn invalid(template: &impl Template) -> Result<Response> {
    Ok((INVALID_FORM, page(template)?).into_response())
}

/// Leads to another page after a change.
pub fn go(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// [`go`] with a cookie.
pub fn go_with(path: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let mut response = go(path);
    for cookie in cookies {
        response.headers_mut().append(axum::http::header::SET_COOKIE, cookie);
    }
    response
}

/// A path of this site to go on to, from what a link or a form said: never another site.
pub fn safe_next(text: &str) -> &str {
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
    let is_clean = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && is_clean { text } else { "/" }
}

/// Where a redirect leads, for tests.
#[cfg(test)]
pub fn location(response: &Response) -> &str {
    response.headers().get(axum::http::header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_site_is_gone_on_to() {
        for path in ["/", "/projects", "/p/5b1f/leads?view=talking&q=%2B65"] {
            assert_eq!(safe_next(path), path);
        }
        for text in
            ["", "projects", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "/a\\b", "/ä"]
        {
            assert_eq!(safe_next(text), "/", "{text:?}");
        }
        assert_eq!(location(&go("/projects")), "/projects");
    }
}
