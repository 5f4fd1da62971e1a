//! `https://` alone, where TLS is built in: visitors of `http://` are sent on, and browsers are told to come by `https://` from then on.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{HOST, STRICT_TRANSPORT_SECURITY};
use axum::response::{Redirect, Response};
use axum::routing::get;
use tokio::sync::watch;
use url::Url;

use super::health;
use crate::config::Config;
use crate::core::Core;
use crate::engines::Engines;

/// For how long browsers come by `https://` alone: a year.
const COME_SECURED: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Tells browsers to come by `https://` alone, where this process is what secures the connection.
pub(super) fn require(config: &Config, response: &mut Response) {
    if config.acme.is_some() {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, COME_SECURED);
    }
}

/// What is served on the port of `http://`: the two checks of the process, and the way to `https://`.
pub fn redirects(engines: Engines, stopping: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(move |state| health::ready(state, stopping.clone())))
        .fallback(redirect)
        .with_state(engines)
}

/// The same address by `https://`: on the domain that was asked for, if it is one of ours. The method stays what it was (308).
async fn redirect(State(core): State<Core>, request: Request) -> Redirect {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let asked = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Redirect::permanent(&location(&core.config, asked, path))
}

fn location(config: &Config, asked: &str, path: &str) -> String {
    let asked = asked.split_once(':').map_or(asked, |(name, _)| name).to_ascii_lowercase();
    let base = Url::parse(&config.base_url).ok();
    let domains = config.acme.iter().flat_map(|acme| &acme.domains);
    let host = domains.map(String::as_str).find(|domain| *domain == asked);
    let host = host.or_else(|| base.as_ref()?.host_str()).unwrap_or_default();
    let port = base.as_ref().and_then(Url::port).map(|port| format!(":{port}")).unwrap_or_default();
    format!("https://{host}{port}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Acme;

    #[test]
    fn a_visitor_is_sent_to_the_domain_that_they_asked_for_if_it_is_one_of_ours() {
        let acme = Acme::new(vec!["aurix.example".to_owned(), "www.aurix.example".to_owned()]);
        let mut config = Config { base_url: acme.base_url(), acme: Some(acme), ..Config::default() };
        let check = |config: &Config, asked, expected| assert_eq!(location(config, asked, "/l/a?b=c"), expected);
        check(&config, "www.Aurix.example:80", "https://www.aurix.example/l/a?b=c");
        check(&config, "evil.example", "https://aurix.example/l/a?b=c");
        check(&config, "", "https://aurix.example/l/a?b=c");
        config.base_url = "https://aurix.example:8443".to_owned();
        check(&config, "www.aurix.example", "https://www.aurix.example:8443/l/a?b=c");
    }
}
