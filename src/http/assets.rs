//! The files of the console's pages, in the program. Their address has a hash of all of them, so that browsers keep them for a year.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// A file, as it is and compressed when it was built.
pub struct Asset {
    /// As in its address.
    pub name: &'static str,
    /// Its MIME type.
    pub content_type: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// None of what does not get smaller.
    pub brotli: Option<&'static [u8]>,
}

macro_rules! asset {
    ($name:literal, $content_type:literal, compressed) => {
        Asset {
            name: $name,
            content_type: $content_type,
            plain: include_bytes!(concat!("../../assets/console/dist/", $name)),
            brotli: Some(include_bytes!(concat!("../../assets/console/dist/", $name, ".br"))),
        }
    };
    ($name:literal, $content_type:literal) => {
        Asset {
            name: $name,
            content_type: $content_type,
            plain: include_bytes!(concat!("../../assets/console/dist/", $name)),
            brotli: None,
        }
    };
}

/// All of them.
pub const ASSETS: [Asset; 6] = [
    asset!("console.css", "text/css; charset=utf-8", compressed),
    asset!("console.js", "text/javascript; charset=utf-8", compressed),
    asset!("chart.js", "text/javascript; charset=utf-8", compressed),
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
