//! The console: pages for people. A page is a folder or a file with its handler, its template and its tests; it reads from `store`
//! and changes by use cases. No page knows SQL, and no use case knows HTML.

mod account;
mod answer;
mod api;
mod assets;
mod attention;
mod channels;
mod confirm;
mod cookies;
mod csv;
mod event_names;
mod exchange;
mod first_run;
pub mod form;
mod frame;
mod fresh;
mod home;
mod inbox;
mod instance;
mod invitation;
mod lead;
mod lead_form;
mod lead_name;
pub(super) mod leads;
mod links;
mod live;
mod log;
mod overview;
mod people;
mod projects;
mod reset;
mod saved_bar;
mod saved_views;
mod search;
mod settings;
mod setup;
mod sign_in;
mod talk;
mod times;
mod view;
mod webhook;
mod who;
mod widgets;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tokio::sync::watch;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use self::live::Live;
use super::routes::Routes;
use crate::config::Config;

/// Allows what is served from here, and nothing inline.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// [`POLICY`] of a page that frames one of ours.
const FRAMING_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// All pages.
pub fn routes(config: &Config, stopping: &watch::Receiver<bool>) -> Routes {
    let streams = (Live::default(), stopping.clone());
    let pages = Routes::default()
        .merge(home::routes())
        .merge(sign_in::routes())
        .merge(confirm::routes())
        .merge(first_run::routes())
        .merge(invitation::routes())
        .merge(reset::routes())
        .merge(account::routes())
        .merge(projects::routes())
        .merge(people::routes())
        .merge(api::routes())
        .merge(channels::routes())
        .merge(widgets::routes())
        .merge(links::routes())
        .merge(lead_form::routes())
        .merge(settings::routes())
        .merge(instance::routes())
        .merge(saved_views::routes())
        .merge(search::routes())
        .merge(leads::routes())
        .merge(overview::routes())
        .merge(setup::routes())
        .merge(lead::routes())
        .merge(answer::routes())
        .merge(inbox::routes())
        .merge(attention::routes())
        .merge(webhook::routes())
        .merge(log::routes())
        .get("/p/{project}/stream", async move |State(engines), member, headers, query| {
            live::show(engines, member, (headers, query), streams).await
        });
    // Of a foreign site's forms, none is read. A proxy that rewrites `Host` would let none through but for the second line.
    let csrf = CsrfLayer::new();
    let csrf = match csrf.clone().add_trusted_origin(origin(&config.base_url)) {
        Ok(csrf) => csrf,
        Err(_) => csrf,
    };
    pages
        .map(|router| router.layer(csrf).layer(CompressionLayer::new()).layer(from_fn(add_headers)))
        .merge(assets::routes())
}

fn origin(base_url: &str) -> String {
    url::Url::parse(base_url).map_or_else(|_| base_url.to_owned(), |url| url.origin().ascii_serialization())
}

async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS));
    headers.append(header::VARY, HeaderValue::from_static("cookie"));
    response
}

/// Nothing of the device is used.
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
