//! The link above a list to what came since the page was made: a list never moves what somebody reads.

use askama::Template;
use axum::response::Response;

use super::view::page;
use crate::http::error::Result;

/// New rows that are counted.
pub const FRESH_MAX: u32 = 100;

#[derive(Template)]
#[template(path = "fresh.html")]
struct FreshPart {
    path: String,
    query: String,
    count: String,
}

/// A link to the list at `path` with its filter, which has so many new rows; nothing where there is none.
pub fn fresh_part(path: String, query: String, count: usize) -> Result<Response> {
    let count = match count {
        0 => String::new(),
        count if count >= FRESH_MAX as usize => format!("{FRESH_MAX} or more"),
        count => count.to_string(),
    };
    page(&FreshPart { path, query, count })
}
