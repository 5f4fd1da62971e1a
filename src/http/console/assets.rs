//! `/assets/{hash}/{name}`: the console's stylesheet, script, icons and font.

use axum::body::Bytes;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::http::assets::{ASSETS, BASE};
use crate::http::error::{self, Result};
use crate::http::extract::Path;
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default().get("/assets/{hash}/{name}", show)
}

/// `GET /assets/{hash}/{name}`. A page of another build finds the file too: only it is not kept.
async fn show(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response> {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Err(error::no_such_path().await);
    };
    let is_this_build = BASE.ends_with(&hash);
    let caching = if is_this_build { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, caching), (VARY, "accept-encoding")];
    let mut response = match asset.brotli.filter(|_| takes_brotli(&headers)) {
        Some(brotli) => (head, [(CONTENT_ENCODING, "br")], Bytes::from_static(brotli)).into_response(),
        None => (head, Bytes::from_static(asset.plain)).into_response(),
    };
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br")) && !parts.any(|weight| weight == "q=0")
    })
}
