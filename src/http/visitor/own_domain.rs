//! The host that a project's links have instead of the server's: `https://go.shop.example/{slug}` leads where `/l/{slug}` leads, for
//! links of that project. Nothing else is served there but the checks of the process.

use axum::extract::{FromRequestParts as _, Request};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};

use super::campaign_link;
use crate::clicks::find_links_domain::find_links_domain;
use crate::domain::ids::ProjectId;
use crate::domain::link::Slug;
use crate::domain::links_domain::LinksDomain;
use crate::engines::Engines;
use crate::http::client_address::ClientAddress;

/// What a balancer asks by whichever name it knows.
const CHECKS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The project whose links have the host that a request asks for; `None` for every other host, which costs a comparison where it is
/// that of the base URL.
pub async fn project_of(engines: &Engines, path: &str, headers: &HeaderMap) -> Option<ProjectId> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let base_url = &engines.core.config.base_url;
    let base = base_url.split_once("://").map_or(base_url.as_str(), |(_, rest)| rest);
    if base.eq_ignore_ascii_case(host) || CHECKS.contains(&path) {
        return None;
    }
    let domain = LinksDomain::asked(host)?;
    match find_links_domain(&engines.clicks, &domain).await {
        Ok(project) => project,
        // The server has other names, too: those work as they did.
        Err(error) => {
            tracing::warn!(%domain, error = %format!("{error:#}"), "a host cannot be looked up");
            None
        }
    }
}

/// Answers a request for that host.
pub async fn answer(engines: &Engines, project: ProjectId, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path();
    let end = path.strip_prefix("/l/").or_else(|| path.strip_prefix('/')).unwrap_or_default();
    let slug = Slug::parse(end).ok().filter(|_| matches!(parts.method, Method::GET | Method::HEAD));
    let ip = match ClientAddress::from_request_parts(&mut parts, engines).await {
        Ok(ClientAddress(ip)) => ip,
        Err(error) => return error.into_response(),
    };
    let request = Request::from_parts(parts, body);
    campaign_link::follow(engines, (slug, Some(project)), ip, request).await.into_response()
}
