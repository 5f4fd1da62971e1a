//! `…/widgets/preview`: an empty page with the real button. It is shown in a frame of the widget's page, where the button is pressed
//! in vain.

use askama::Template;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;

use crate::domain::widget::{Look, Side};
use crate::http::assets;
use crate::http::console::view::page;
use crate::http::console::who::Member;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::routes::Routes;

/// As for all pages, but that pages of this site may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'",
);

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/widgets/preview", show)
}

/// The address of the preview of a button.
pub fn address(project_path: &str, look: &Look) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("label", &look.label)
        .append_pair("color", &look.color)
        .append_pair("side", look.side.as_str())
        .finish();
    format!("{project_path}/widgets/preview?{query}")
}

#[derive(Template)]
#[template(path = "widgets/preview.html")]
struct PreviewPage {
    assets: &'static str,
    theme: &'static str,
    look: Look,
}

async fn show(_: Member, query: Query) -> Result<Response> {
    let one = |name: &str| query.one(name).ok().flatten();
    let usual = Look::default();
    let look = Look {
        label: one("label").unwrap_or_default().to_owned(),
        color: one("color").unwrap_or(&usual.color).to_owned(),
        side: one("side").and_then(Side::parse).unwrap_or(Side::Right),
        ..Look::default()
    };
    let look = if look.check().is_ok() { look } else { usual };
    let theme = if one("page") == Some("dark") { "dark" } else { "light" };
    let mut response = page(&PreviewPage { assets: &assets::BASE, theme, look })?;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}
