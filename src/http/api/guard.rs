//! What every call of the management API goes through: its token, the rate of that token, and its idempotency key.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::caller::Authenticated;
use super::idempotency;
use crate::admission::rate_limiter::{Source, Standing};
use crate::domain::rates::Kind;
use crate::domain::time::SignedDuration;
use crate::engines::Engines;
use crate::http::auth::bearer;
use crate::http::client_address::ClientAddress;
use crate::http::error::{ApiError, Result};
use crate::projects::create_key::hash;
use crate::store::tokens::{self, Token};

/// How often it is stored that a token was used.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(5);
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Serves whoever has a valid token.
pub async fn guard(State(engines): State<Engines>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let token = match authenticate(&mut parts, &engines).await {
        Ok(token) => token,
        Err(error) => return error.into_response(),
    };
    let (rates, source) = (&engines.admission.rates, Source::row(token.id.0));
    let mut response = match rates.admit(Kind::Tokens, source) {
        Err(over) => ApiError::over_limit(over).into_response(),
        Ok(()) => {
            parts.extensions.insert(Authenticated::Token(Box::new(token.clone())));
            let is_kept = parts.method == Method::POST && parts.headers.contains_key(idempotency::HEADER);
            let request = Request::from_parts(parts, body);
            match is_kept {
                true => idempotency::answer(&engines, token.id, request, next).await,
                false => next.run(request).await,
            }
        }
    };
    if let Some(standing) = rates.standing(Kind::Tokens, source) {
        tell(response.headers_mut(), standing);
    }
    response
}

async fn authenticate(parts: &mut Parts, engines: &Engines) -> Result<Token> {
    let hash = hash(bearer(&parts.headers)?);
    let now = engines.core.clock.now();
    let found = engines.core.db.read(async move |conn| Ok(tokens::find_by_hash(conn, &hash).await?)).await?;
    let Some(token) = found else {
        let ClientAddress(ip) = ClientAddress::from_request_parts(parts, engines).await?;
        engines.admission.rates.admit(Kind::Guesses, Source::address(0, ip)).map_err(ApiError::over_limit)?;
        return Err(ApiError::Unauthorized("This token is unknown. API keys of partners open other paths."));
    };
    if !token.is_valid(now) {
        return Err(ApiError::Unauthorized("This token has expired, or was revoked."));
    }
    if token.last_used_at.is_none_or(|at| at < now - USED_EVERY) {
        let (owner, id) = (token.owner, token.id);
        engines.core.db.write(async move |tx| Ok(tokens::touch(tx, owner, id, now).await?)).await?;
    }
    Ok(token)
}

/// As draft-ietf-httpapi-ratelimit-headers has it.
fn tell(headers: &mut HeaderMap, Standing { per_minute, left, whole_in_s }: Standing) {
    let values =
        [(POLICY, format!("\"token\";q={per_minute};w=60")), (LIMIT, format!("\"token\";r={left};t={whole_in_s}"))];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
