//! Errors of handlers: the only status codes of failure. Programs get RFC 9457 `application/problem+json`, browsers a page.

pub mod openapi;
mod page;

pub use page::is_wanted as is_page_wanted;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admission::rate_limiter::OverLimit;
use crate::db;
use crate::domain::random::Random;

/// What a handler returns.
pub type Result<T> = std::result::Result<T, ApiError>;

/// How long a caller should wait while the database is unavailable.
const UNAVAILABLE_RETRY_AFTER_S: u32 = 1;

/// Why a request failed. Callers read the texts.
#[derive(Debug)]
pub enum ApiError {
    /// 400: cannot be read at all.
    Malformed(String),
    /// 401: no key, or one that is not valid on this path.
    Unauthorized(&'static str),
    /// 403: known, and not allowed.
    Forbidden(String),
    /// 404: nothing here by this name.
    NotFound(String),
    /// 405: the path takes other methods.
    MethodNotAllowed,
    /// 409: something with this name or state is there already.
    Conflict(String),
    /// 412: it is not any more what the caller has seen.
    Changed {
        /// As it is now.
        current: serde_json::Value,
        /// The entity tag of that.
        etag: String,
    },
    /// 413: the body is larger than the named number of bytes.
    TooLarge(usize),
    /// 413: a text has more than the named number of characters.
    TextTooLong(usize),
    /// 415: the body is not of the type that is read here.
    UnsupportedMediaType(&'static str),
    /// 422: can be read, and is not valid: which field, and why.
    Invalid(Vec<InvalidField>),
    /// 429: over a rate limit.
    TooMany {
        /// Goes out as `Retry-After`.
        retry_after_s: u32,
    },
    /// 429: over the rate limit of clicks. The site can send the visitor on all the same.
    TooManyClicks {
        /// Goes out as `Retry-After`.
        retry_after_s: u32,
        /// The link without a reference.
        redirect_url: String,
    },
    /// 401 for programs; people are sent to the sign-in page, and from there to the path.
    SignInWanted {
        /// Where to go on.
        next: String,
    },
    /// 403 for programs; people are asked for their password, and sent to the path.
    ConfirmWanted {
        /// Where to go on.
        next: String,
    },
    /// 500: a defect or a broken machine. The caller learns an id, the log what happened.
    Internal(anyhow::Error),
    /// 503: starting, stopping, or the database is unavailable.
    Unavailable {
        /// Goes out as `Retry-After`.
        retry_after_s: u32,
        /// What is unavailable.
        detail: Cow<'static, str>,
    },
}

/// One invalid field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvalidField {
    /// Its name as the caller wrote it; a dotted path where it is nested.
    pub field: String,
    /// What is wrong and what to do.
    pub detail: String,
}

impl ApiError {
    /// 422 for one field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![InvalidField { field: field.into(), detail: detail.into() }])
    }

    /// 429 for a source over a rate limit.
    pub fn over_limit(over: OverLimit) -> Self {
        Self::TooMany { retry_after_s: over.retry_after_s }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) | Self::SignInWanted { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::ConfirmWanted { .. } => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Changed { .. } => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) | Self::TextTooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } | Self::TooManyClicks { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What a caller reads.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Malformed(detail) | Self::Forbidden(detail) | Self::NotFound(detail) | Self::Conflict(detail) => {
                detail.clone()
            }
            Self::Unauthorized(detail) => (*detail).to_owned(),
            Self::MethodNotAllowed => {
                "This path does not take this method; the Allow header names those it takes.".to_owned()
            }
            Self::Changed { .. } => {
                "This was changed in the meantime: look at `current`, and send the change again with its ETag."
                    .to_owned()
            }
            Self::TooLarge(bytes_max) => format!("The body is larger than {bytes_max} bytes."),
            Self::TextTooLong(chars_max) => {
                format!("The text has more than {chars_max} characters: shorten it, or send it in parts.")
            }
            Self::UnsupportedMediaType(wanted) => format!("Send the body as {wanted} and say so in Content-Type."),
            Self::Invalid(fields) => sentence(fields),
            Self::TooMany { retry_after_s } | Self::TooManyClicks { retry_after_s, .. } => {
                format!("Too many requests; try again in {retry_after_s} s.")
            }
            Self::SignInWanted { .. } => "Sign in first: /sign-in.".to_owned(),
            Self::ConfirmWanted { .. } => "Confirm that it is you first: /confirm.".to_owned(),
            Self::Internal(_) => "Something broke on our side. The id tells us what.".to_owned(),
            Self::Unavailable { detail, .. } => detail.clone().into_owned(),
        }
    }

    /// The page that a person is sent to instead of being shown the error.
    fn page_instead(&self) -> Option<String> {
        let (page, next) = match self {
            Self::SignInWanted { next } => ("/sign-in", next),
            Self::ConfirmWanted { next } => ("/confirm", next),
            _ => return None,
        };
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        Some(if next == "/" { page.to_owned() } else { format!("{page}?{query}") })
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany { retry_after_s }
            | Self::TooManyClicks { retry_after_s, .. }
            | Self::Unavailable { retry_after_s, .. } => Some(*retry_after_s),
            _ => None,
        }
    }
}

fn sentence(fields: &[InvalidField]) -> String {
    fields.iter().map(|field| format!("{}: {}", field.field, field.detail)).collect::<Vec<_>>().join("; ")
}

/// Every error that no handler named: 503 where the database is unavailable, else 500.
impl<E: Into<anyhow::Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        let error = error.into();
        if db::Error::is_unavailable(&error) {
            tracing::warn!(error = format!("{error:#}"), "request failed: database unavailable");
            return Self::Unavailable {
                retry_after_s: UNAVAILABLE_RETRY_AFTER_S,
                detail: "The database cannot be reached at the moment; nothing was changed.".into(),
            };
        }
        Self::Internal(error)
    }
}

/// What a caller reads of an error (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDetails {
    r#type: Cow<'static, str>,
    /// The name of the status code.
    title: Cow<'static, str>,
    /// The status code.
    status: u16,
    /// What is wrong and what to do.
    pub(crate) detail: String,
    /// The same as `detail`, for clients of the documents.
    message: String,
    /// The invalid fields; only of status 422.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<InvalidField>, required = false)]
    pub(crate) errors: Option<Vec<InvalidField>>,
    /// As it is now; only of status 412.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    current: Option<serde_json::Value>,
    /// Where the visitor goes all the same; only of clicks over a rate limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    redirect_url: Option<String>,
    /// Finds the error in the log; only of status 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub(crate) id: Option<String>,
}

impl ProblemDetails {
    fn new(error: &ApiError, id: Option<String>) -> Self {
        let (status, detail) = (error.status(), error.detail());
        Self {
            r#type: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            message: detail.clone(),
            detail,
            redirect_url: match error {
                ApiError::TooManyClicks { redirect_url, .. } => Some(redirect_url.clone()),
                _ => None,
            },
            current: match error {
                ApiError::Changed { current, .. } => Some(current.clone()),
                _ => None,
            },
            errors: if let ApiError::Invalid(fields) = error { Some(fields.clone()) } else { None },
            id,
        }
    }
}

/// As JSON. The response carries what it says, so that [`render_page`] can make a page of it.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let is_of_key = matches!(self, Self::Unauthorized(_));
        let instead = self.page_instead();
        let etag = match &self {
            Self::Changed { etag, .. } => HeaderValue::try_from(etag).ok(),
            _ => None,
        };
        let problem = ProblemDetails::new(&self, self.log());
        let text = serde_json::to_string(&problem).expect("texts and numbers serialise");
        let mut response = (status, text).into_response();
        response.extensions_mut().insert(Arc::new(problem));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.append(VARY, HeaderValue::from_static("accept"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(etag) = etag {
            headers.insert(ETAG, etag);
        }
        if is_of_key {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(page) = instead.and_then(|page| HeaderValue::try_from(page).ok()) {
            // A script that asked for a piece of a page goes there with the whole page.
            headers.insert("hx-redirect", page.clone());
            response.extensions_mut().insert(PageInstead(page));
        }
        response
    }
}

/// Where a person is sent instead of being shown an error.
#[derive(Clone)]
struct PageInstead(HeaderValue);

/// The status of a page whose form has mistakes.
pub const INVALID_FORM: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// The statuses of the page that stands for a link which nobody made, and for one that cannot be looked up now.
pub const NO_SUCH_LINK: StatusCode = StatusCode::NOT_FOUND;
/// As above.
pub const LINKS_UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// The name of a status that somebody else answered: `Unauthorized`.
pub fn status_name(status: u16) -> Option<&'static str> {
    StatusCode::from_u16(status).ok()?.canonical_reason()
}

/// Turns an error's response into a page. Everything but the body and its type stays.
pub fn render_page(response: &mut Response) {
    if let Some(PageInstead(page)) = response.extensions_mut().remove() {
        *response = (StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response();
        return;
    }
    let Some(problem) = response.extensions_mut().remove::<Arc<ProblemDetails>>() else { return };
    *response.body_mut() = Body::from(page::render(&problem));
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::CONTENT_SECURITY_POLICY));
}

/// Makes the ids of errors of ours, so that what a caller reports is found in the log.
static ERROR_IDS: LazyLock<Random> = LazyLock::new(Random::from_system);

impl ApiError {
    /// Logs an error of ours, here and nowhere else, and returns its id.
    fn log(&self) -> Option<String> {
        let Self::Internal(error) = self else { return None };
        let id = ERROR_IDS.token("err_", 16);
        tracing::error!(id, error = format!("{error:#}"), "request failed");
        Some(id)
    }
}

/// The router's response for a path that it does not know.
pub async fn no_such_path() -> ApiError {
    ApiError::NotFound("There is nothing at this path.".to_owned())
}

/// The router's response for a method that a path does not take.
pub async fn no_such_method() -> ApiError {
    ApiError::MethodNotAllowed
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use axum::http::HeaderName;
    use http_body_util::BodyExt as _;

    use super::*;

    /// The status, one header, and the body.
    async fn sent(error: ApiError, header: HeaderName) -> (u16, String, String) {
        let (head, body) = error.into_response().into_parts();
        let bytes = body.collect().await.expect("a body in memory").to_bytes();
        let header = head.headers.get(header).map(|value| value.to_str().expect("ASCII")).unwrap_or_default();
        (head.status.as_u16(), header.to_owned(), String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8"))
    }

    #[tokio::test]
    async fn an_invalid_request_names_each_field() {
        let field = |field: &str| InvalidField { field: field.to_owned(), detail: "is missing".to_owned() };
        let error = ApiError::Invalid(vec![field("url"), field("name")]);
        let (status, content_type, body) = sent(error, CONTENT_TYPE).await;
        assert_eq!((status, content_type.as_str()), (422, "application/problem+json"));
        assert_eq!(
            body,
            concat!(
                r#"{"type":"about:blank","title":"Unprocessable Entity","status":422,"#,
                r#""detail":"url: is missing; name: is missing","message":"url: is missing; name: is missing","#,
                r#""errors":[{"field":"url","detail":"is missing"},{"field":"name","detail":"is missing"}]}"#
            )
        );
    }

    #[tokio::test]
    async fn an_unavailable_database_is_503_with_retry_after() {
        let unavailable = db::Error::Unavailable(anyhow::anyhow!("connection refused by 10.0.0.7"));
        let result: Result<()> = Err(unavailable).context("reading a key").map_err(ApiError::from);
        let (status, retry_after, body) = sent(result.expect_err("is an error"), RETRY_AFTER).await;
        assert_eq!((status, retry_after.as_str()), (503, "1"));
        assert!(!body.contains("10.0.0.7"), "{body}");
    }

    #[tokio::test]
    async fn an_internal_error_shows_an_id_and_nothing_else() {
        let (status, _, body) = sent(db::Error::NoRow.into(), CONTENT_TYPE).await;
        assert_eq!(status, 500);
        assert!(body.contains(r#""id":"err_"#) && !body.contains("row"), "{body}");
    }

    #[tokio::test]
    async fn headers_say_how_to_sign_in_and_when_to_retry() {
        let (status, challenge, _) = sent(ApiError::Unauthorized("no key"), WWW_AUTHENTICATE).await;
        assert_eq!((status, challenge.as_str()), (401, "Bearer"));
        let (status, retry_after, _) = sent(ApiError::TooMany { retry_after_s: 7 }, RETRY_AFTER).await;
        assert_eq!((status, retry_after.as_str()), (429, "7"));
    }
}
