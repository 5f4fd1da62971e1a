//! `ETag` and `If-Match`: two who change the same settings do not undo each other unseen.

use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::http::error::{ApiError, Result};

/// Hex digits of a tag.
const TAG_CHARS: usize = 32;

/// Settings with their entity tag.
pub struct Tagged<T>(pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        match tag_of(&self.0) {
            Ok((tag, _)) => ([(ETAG, tag.as_str()), (CACHE_CONTROL, "no-store")], axum::Json(self.0)).into_response(),
            Err(error) => ApiError::from(error).into_response(),
        }
    }
}

fn tag_of(value: &impl Serialize) -> serde_json::Result<(String, serde_json::Value)> {
    let json = serde_json::to_value(value)?;
    let hash = hex::encode(Sha256::digest(json.to_string()));
    Ok((format!("\"{}\"", &hash[..TAG_CHARS]), json))
}

/// What an `If-Match` looks like (RFC 9110), as a regular expression.
pub const IF_MATCH_PATTERN: &str = r#"^(\*|(W/)?"[!#-+\--~]*"( *, *(W/)?"[!#-+\--~]*")*)$"#;

/// The `If-Match` of a request.
#[derive(Debug)]
pub struct IfMatch(Option<String>);

/// Whether it is `*`, or tags with commas between them.
fn is_well_formed(text: &str) -> bool {
    let is_tag = |tag: &str| {
        let quoted = tag.trim().trim_start_matches("W/").strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        quoted.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
    };
    text == "*" || text.split(',').all(is_tag)
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let values: Vec<_> =
            parts.headers.get_all(IF_MATCH).iter().map(|value| value.to_str().unwrap_or("?")).collect();
        let joined = (!values.is_empty()).then(|| values.join(","));
        if joined.as_deref().is_some_and(|text| !is_well_formed(text)) {
            return Err(ApiError::field("If-Match", "must be the ETag of what you have seen, in its quotation marks"));
        }
        Ok(Self(joined))
    }
}

impl IfMatch {
    /// 412 where the caller has seen something else than `current`.
    pub fn check(&self, current: &impl Serialize) -> Result<()> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let (etag, json) = tag_of(current)?;
        let is_seen = wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag);
        if is_seen { Ok(()) } else { Err(ApiError::Changed { current: json, etag }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_changed() {
        let (tag, _) = tag_of(&"a").expect("JSON");
        let check = |text: Option<&str>| IfMatch(text.map(str::to_owned)).check(&"a").is_ok();
        assert!(check(None) && check(Some("*")) && check(Some(&tag)) && check(Some(&format!("\"x\", {tag}"))));
        assert!(!check(Some("\"x\"")) && !check(Some(&format!("W/{tag}"))));
    }

    #[tokio::test]
    async fn what_is_no_tag_is_refused() {
        let read = async |text: &str| {
            let (mut parts, ()) =
                axum::http::Request::builder().header(IF_MATCH, text).body(()).expect("parts").into_parts();
            IfMatch::from_request_parts(&mut parts, &()).await.is_ok()
        };
        assert!(read("*").await && read("\"5f2b\"").await && read("W/\"5f2b\", \"x\"").await && read("\"\"").await);
        assert!(!read("5f2b").await && !read("").await && !read("\"5f2b").await && !read("\"a b\"").await);
    }
}
