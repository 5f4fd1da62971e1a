//! `GET /widget.js`: the script that draws the button.

use axum::response::IntoResponse;

const SCRIPT: &str = include_str!("../../../widget/dist/widget.js");

/// `GET /widget.js`
pub async fn show() -> impl IntoResponse {
    public(SCRIPT)
}

/// A script that pages of any site may load.
pub fn public(script: &'static str) -> impl IntoResponse {
    let headers = [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=3600"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
    ];
    (headers, script)
}
