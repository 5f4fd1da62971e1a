//! The address that a request comes from: the peer's, or behind a trusted proxy what its headers say.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::error::{ApiError, Result};
use crate::domain::visitor::client_ip;
use crate::engines::Engines;

/// The client's address.
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<Engines> for ClientAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, engines).await?;
        let trusted = &engines.core.config.trusted_proxies;
        let headers = &parts.headers;
        Ok(Self(client_ip(peer.ip(), trusted, &all(headers, "x-forwarded-for"), &all(headers, "forwarded"))))
    }
}

fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}
