//! The console's stylesheet, script, icons and font. Their address has a hash of all of them, so that browsers keep them for a year.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use crate::http::error::{self, Result};
use crate::http::extract::Path;
use crate::http::routes::Routes;

/// A file, as it is and compressed when it was built.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    /// None of what does not get smaller.
    brotli: Option<&'static [u8]>,
}

macro_rules! asset {
    ($name:literal, $content_type:literal, compressed) => {
        Asset {
            name: $name,
            content_type: $content_type,
            plain: include_bytes!(concat!("../../../assets/console/dist/", $name)),
            brotli: Some(include_bytes!(concat!("../../../assets/console/dist/", $name, ".br"))),
        }
    };
    ($name:literal, $content_type:literal) => {
        Asset {
            name: $name,
            content_type: $content_type,
            plain: include_bytes!(concat!("../../../assets/console/dist/", $name)),
            brotli: None,
        }
    };
}

const ASSETS: [Asset; 5] = [
    asset!("console.css", "text/css; charset=utf-8", compressed),
    asset!("console.js", "text/javascript; charset=utf-8", compressed),
    asset!("icons.svg", "image/svg+xml", compressed),
    asset!("icon.svg", "image/svg+xml"),
    asset!("inter.woff2", "font/woff2"),
];

/// Characters of the hash in addresses.
const HASH_CHARS: usize = 12;

/// Where the files of this build are: `/assets/{hash}`.
pub static BASE: LazyLock<String> = LazyLock::new(|| {
    let hash = ASSETS.iter().fold(Sha256::new(), |hash, asset| hash.chain_update(asset.plain)).finalize();
    format!("/assets/{}", &hex::encode(hash)[..HASH_CHARS])
});

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
