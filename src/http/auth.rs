//! Who is calling: the holder of an API key, on the path of a service that the key is valid for.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};

use super::client_address::ClientAddress;
use super::error::{ApiError, Result};
use crate::admission::rate_limiter::Source;
use crate::domain::actor::{Actor, KeyHolder};
use crate::domain::rates::Kind;
use crate::domain::time::SignedDuration;
use crate::engines::Engines;
use crate::store::keys::{self, Key};

/// Characters that a key may have; ours have 50.
const KEY_CHARS_MAX: usize = 256;

/// Which of the documents a path belongs to. It decides the shape of responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// `/integrations/external/…`: any partner's key is valid.
    External,
    /// `/integrations/{service}/…`: keys of that service only.
    Service(String),
}

impl Family {
    fn of(service: &str) -> Self {
        if service == "external" { Self::External } else { Self::Service(service.to_owned()) }
    }

    fn admits(&self, service_name: &str) -> bool {
        match self {
            Self::External => true,
            Self::Service(service) => service == service_name,
        }
    }
}

/// The holder of a key that is valid on the path of this request. A handler that takes it serves nobody else.
#[derive(Clone, Debug)]
pub struct Partner {
    /// Who holds the key.
    pub holder: KeyHolder,
    /// The family of the path.
    pub family: Family,
}

impl Partner {
    /// The partner as the one who asks for a change.
    pub fn actor(&self) -> Actor {
        Actor::Key(self.holder.clone())
    }
}

impl FromRequestParts<Engines> for Partner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let family = family(parts, engines).await?;
        let hash = hash(bearer(&parts.headers)?);
        let key = engines.core.db.read(async move |conn| Ok(keys::find_by_hash(conn, &hash).await?)).await?;
        let rates = &engines.admission.rates;
        let Some(key) = key else {
            // A right key is served whoever shares its holder's address: keys are too long to be guessed.
            let ClientAddress(ip) = ClientAddress::from_request_parts(parts, engines).await?;
            rates.admit(Kind::Guesses, Source::address(0, ip)).map_err(ApiError::over_limit)?;
            return Err(ApiError::Unauthorized("This API key is unknown or was revoked."));
        };
        rates.admit(Kind::Calls, Source::row(key.id.0)).map_err(ApiError::over_limit)?;
        if !family.admits(&key.service_name) {
            return Err(ApiError::Unauthorized("This API key belongs to another service than this path."));
        }
        touch(engines, &key).await?;
        let holder = KeyHolder { key_id: key.id, project: key.project, service_name: key.service_name };
        Ok(Self { holder, family })
    }
}

/// How often it is stored that a key was used.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Says from time to time that a key was used.
async fn touch(engines: &Engines, key: &Key) -> Result<()> {
    let now = engines.core.clock.now();
    if key.last_used_at.is_some_and(|at| now - USED_EVERY <= at) {
        return Ok(());
    }
    let (project, id) = (key.project, key.id);
    Ok(engines.core.db.write(async move |tx| Ok(keys::touch(tx, project, id, now).await?)).await.map(|_| ())?)
}

/// That of a path without `{service}` is `external`, whose routes have the name written out.
async fn family(parts: &mut Parts, engines: &Engines) -> Result<Family> {
    let unreadable = |_| ApiError::NotFound("There is nothing at this path.".to_owned());
    let path = RawPathParams::from_request_parts(parts, engines).await.map_err(unreadable)?;
    let service = path.iter().find(|(name, _)| *name == "service").map(|(_, service)| Family::of(service));
    Ok(service.unwrap_or(Family::External))
}

/// The key of `Authorization: Bearer {key}`; the scheme in any letter case (RFC 9110), the header once.
pub fn bearer(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ApiError::Unauthorized("Send your API key once, as Authorization: Bearer <key>."));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim_start())
        .filter(|key| !key.is_empty() && key.len() <= KEY_CHARS_MAX && !key.contains(char::is_whitespace))
        .ok_or(ApiError::Unauthorized("The Authorization header must read: Bearer <key>."))
}

/// What the database keeps of a key. Keys are random, so that one round of SHA-256 is enough.
fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(values: &[&[u8]], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).expect("can be a header"));
        }
        assert_eq!(bearer(&headers).ok(), expected, "{values:?}");
    }

    #[test]
    fn the_key_is_what_follows_bearer() {
        check(&[b"Bearer aurix_key_a"], Some("aurix_key_a"));
        check(&[b"bearer aurix_key_a"], Some("aurix_key_a"));
        check(&[b"BEARER   aurix_key_a "], Some("aurix_key_a"));
    }

    #[test]
    fn anything_else_is_no_key() {
        check(&[], None);
        check(&[b""], None);
        check(&[b"Bearer"], None);
        check(&[b"Bearer "], None);
        check(&[b"aurix_key_a"], None);
        check(&[b"Basic aurix_key_a"], None);
        check(&[b"Beareraurix_key_a"], None);
        check(&[b"Bearer aurix key"], None);
        check(&[b"Bearer \xff\xfe"], None);
        check(&[b"Bearer a", b"Bearer a"], None);
        check(&[&[b"Bearer ".as_slice(), &[b'a'; 300]].concat()], None);
    }

    #[test]
    fn a_path_admits_its_service_and_external_admits_all() {
        assert!(Family::of("external").admits("topkee"));
        assert!(Family::of("topkee").admits("topkee"));
        assert!(!Family::of("topkee").admits("external"));
        assert!(!Family::of("Topkee").admits("topkee"));
    }
}
