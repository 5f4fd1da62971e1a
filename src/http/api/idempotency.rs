//! `Idempotency-Key`: a call that is sent twice is done once, and answered twice.
//!
//! ```text
//! new key ──begin──▶ under way ──2xx──▶ kept for a day: answered again
//!                        └──────else──▶ forgotten: nothing was done
//! ```
//!
//! A call under way whose process ended counts as forgotten after [`LOST_AFTER`].

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::core::Core;
use crate::db::Tx;
use crate::domain::ids::TokenId;
use crate::domain::seal::Place;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::engines::Engines;
use crate::http::BODY_BYTES_MAX;
use crate::http::error::{ApiError, Result};
use crate::http::extract::read_body;
use crate::maintenance::remove_old_answers::KEPT;
use crate::store::idempotency_keys::{self, KeptAnswer};

/// The header of a request.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of a response that was kept.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Characters of a key.
pub const KEY_CHARS_MAX: usize = 255;
/// Bytes of a response that is kept.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// What a call that did something is answered with.
const KEPT_STATUSES: [StatusCode; 4] =
    [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED, StatusCode::NO_CONTENT];
/// After so long, a call under way is not any more: longer than any takes.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Answers a call with a key: as before, or by doing it.
pub async fn answer(engines: &Engines, token: TokenId, request: Request, next: Next) -> Response {
    match try_answer(engines, token, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn try_answer(engines: &Engines, token: TokenId, request: Request, next: Next) -> Result<Response> {
    let name = key_of(request.headers())?;
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_BYTES_MAX, &engines.admission.bodies).await?;
    let place = format!("{} {}\n", parts.method, parts.uri);
    let request_hash = hex::encode(Sha256::new().chain_update(place).chain_update(&body).finalize());
    let call = Call { core: &engines.core, token, name, begun_at: engines.core.clock.now() };
    if let Some(kept) = call.begin(request_hash).await? {
        return call.again(&kept);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    call.end(response).await
}

fn key_of(headers: &HeaderMap) -> Result<String> {
    let mut values = headers.get_all(HEADER).iter();
    let key = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    };
    let fits = |key: &&str| (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    key.filter(fits).map(str::to_owned).ok_or_else(|| {
        ApiError::field(
            "Idempotency-Key",
            format!("send it once, with 1 to {KEY_CHARS_MAX} ASCII characters and no spaces"),
        )
    })
}

struct Call<'a> {
    core: &'a Core,
    token: TokenId,
    name: String,
    begun_at: Timestamp,
}

impl Call<'_> {
    /// Begins the call; what it was answered where it was made before.
    async fn begin(&self, request_hash: String) -> Result<Option<KeptAnswer>> {
        let (token, name, now) = (self.token, self.name.clone(), self.begun_at);
        let begun = self.core.db.write(async move |tx: &Tx| {
            if idempotency_keys::begin(tx, token, &name, &request_hash, now).await? {
                return Ok(Ok(None));
            }
            let Some(kept) = idempotency_keys::find(tx, token, &name).await? else { return Ok(Err(under_way())) };
            let is_lost = kept.answer.is_none() && kept.created_at <= now - LOST_AFTER;
            if is_lost || kept.created_at <= now - KEPT {
                idempotency_keys::forget(tx, token, &name, kept.created_at).await?;
                idempotency_keys::begin(tx, token, &name, &request_hash, now).await?;
                return Ok(Ok(None));
            }
            if kept.request_hash != request_hash {
                let detail = "this key was used for another request: take a new one for each";
                return Ok(Err(ApiError::field("Idempotency-Key", detail)));
            }
            Ok(kept.answer.map(Some).ok_or_else(under_way))
        });
        begun.await?
    }

    fn again(&self, kept: &KeptAnswer) -> Result<Response> {
        let lost = || ApiError::Conflict("This was done; the answer cannot be shown again.".to_owned());
        let body = self.core.seal.open(self.place(), &kept.sealed_body).map_err(|_| lost())?;
        let status = KEPT_STATUSES.into_iter().find(|known| *known == kept.status).ok_or_else(lost)?;
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        if let Some(content_type) = HeaderValue::try_from(&kept.content_type).ok().filter(|value| !value.is_empty()) {
            headers.insert(CONTENT_TYPE, content_type);
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    fn place(&self) -> Place<'_> {
        Place::Answer(self.token.0, &self.name)
    }

    /// Keeps what was answered, where something was done.
    async fn end(&self, response: Response) -> Result<Response> {
        let (token, name, begun_at) = (self.token, self.name.clone(), self.begun_at);
        if !KEPT_STATUSES.contains(&response.status()) {
            let forget = async move |tx: &Tx| Ok(idempotency_keys::forget(tx, token, &name, begun_at).await?);
            self.core.db.write(forget).await?;
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(anyhow::Error::from)?;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let answer = KeptAnswer {
            status: head.status.as_u16(),
            content_type: content_type.to_owned(),
            sealed_body: self.core.seal.seal(self.place(), &String::from_utf8_lossy(&body)),
        };
        let end = async move |tx: &Tx| Ok(idempotency_keys::end(tx, token, &name, begun_at, &answer).await?);
        self.core.db.write(end).await?;
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

fn under_way() -> ApiError {
    ApiError::Conflict("A call with this Idempotency-Key is under way: ask again in a moment.".to_owned())
}
