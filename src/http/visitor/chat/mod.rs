//! The chat on the page, as its panel uses it: opens a chat, takes messages, and gives what is new by number. Only a visitor's token says
//! which chat is theirs; it stands in a header, never in an address.

mod events;
mod json;
mod messages;
mod open;
mod page;
mod read;

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, LINK};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::watch;

use super::get_widget;
use super::origins::{allowed_origin, asking_origin, cross_origin, readable_from};
use crate::chats::open_chat::find_chat;
use crate::domain::channel::ChannelKind;
use crate::engines::Engines;
use crate::http::auth::bearer;
use crate::http::error::{ApiError, Result};
use crate::http::routes::Routes;
use crate::store::chats::Chat;
use crate::store::widgets::Widget;

/// Bytes that a body may have.
const BODY_BYTES_MAX: usize = 8 * 1024;

/// The routes of this module.
pub fn routes(stopping: &watch::Receiver<bool>) -> Routes {
    let (stream_stopping, poll_stopping) = (stopping.clone(), stopping.clone());
    Routes::default()
        .get("/chat.js", page::script)
        .get("/chat/{widget}", page::show)
        .post("/chat/{widget}", open::open)
        .options("/chat/{widget}", preflight)
        .get("/chat/{widget}/events", async move |state, path, headers, query| {
            events::stream(state, path, (headers, query), stream_stopping).await
        })
        .options("/chat/{widget}/events", preflight)
        .get("/chat/{widget}/messages", async move |state, path, headers, query| {
            messages::poll(state, path, (headers, query), poll_stopping).await
        })
        .post("/chat/{widget}/messages", messages::post)
        .options("/chat/{widget}/messages", preflight)
        .post("/chat/{widget}/read", read::mark)
        .options("/chat/{widget}/read", preflight)
        .get("/chat/{widget}/unread", read::unread)
        .options("/chat/{widget}/unread", preflight)
}

/// What a browser asks before it sends a token from another site. Every site may ask: whether it may use the widget, the response to what
/// it sends then says, where its script can read it.
async fn preflight(headers: HeaderMap) -> Response {
    let allowed = [
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "authorization, content-type"),
        ("access-control-max-age", "600"),
    ];
    (StatusCode::NO_CONTENT, cross_origin(asking_origin(&headers)), allowed).into_response()
}

/// The widget, where it opens a chat on the page.
fn with_chat(widget: Arc<Widget>) -> Result<Arc<Widget>> {
    if widget.channel_kind == ChannelKind::Web {
        return Ok(widget);
    }
    let (id, opens) = (&widget.public_id, widget.channel_kind.name());
    Err(ApiError::NotFound(format!("The widget {id:?} opens {opens} and no chat on the page.")))
}

/// Answers a request of a panel. Whatever it comes to, the site's script may read it: a panel that cannot read why it is refused would ask
/// for ever.
async fn respond(
    engines: &Engines,
    id: &str,
    headers: &HeaderMap,
    work: impl AsyncFnOnce(Arc<Widget>) -> Result<Response>,
) -> Result<Response> {
    let (origin, widget) = (asking_origin(headers), get_widget(&engines.clicks, id).await);
    let link = widget.as_ref().ok().map(|widget| format!("</c/{}>; rel=\"alternate\"", widget.public_id));
    let response = match widget {
        Ok(widget) => answer(engines, widget, headers, work).await,
        Err(error) => Err(error),
    };
    Ok(match response {
        Ok(response) => (cross_origin(origin), [("cache-control", "no-store")], response).into_response(),
        Err(error) => {
            let mut response = readable_from(origin, error);
            // So that the panel knows for how long to wait, and whether the widget's link leads to a chat.
            let exposed = HeaderValue::from_static("retry-after, link");
            response.headers_mut().insert("access-control-expose-headers", exposed);
            let link = link.and_then(|link| HeaderValue::try_from(link).ok());
            response.headers_mut().extend(link.map(|link| (LINK, link)));
            response
        }
    })
}

/// Does the work for a site that may use the widget.
async fn answer(
    engines: &Engines,
    widget: Arc<Widget>,
    headers: &HeaderMap,
    work: impl AsyncFnOnce(Arc<Widget>) -> Result<Response>,
) -> Result<Response> {
    allowed_origin(engines, &widget, headers)?;
    work(with_chat(widget)?).await
}

/// The chat of the token that a request has; `None` where there is none of this widget.
async fn chat_of(engines: &Engines, widget: &Widget, headers: &HeaderMap) -> Result<Option<Chat>> {
    if !headers.contains_key(AUTHORIZATION) {
        return Ok(None);
    }
    let token = bearer(headers).map_err(|_| gone())?;
    Ok(find_chat(&engines.chats, widget, token).await?)
}

/// There is no chat that the token is for.
fn gone() -> ApiError {
    ApiError::Unauthorized(
        "This token is of no chat of this widget, or the chat is gone: open a new one with POST /chat/{widget}.",
    )
}

/// The number in a query.
fn number(query: &crate::http::extract::Query, name: &str) -> Result<Option<i64>> {
    let Some(text) = query.one(name).map_err(|field| ApiError::Invalid(vec![field]))? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| ApiError::field(name, "must be a whole number, 0 or more"))
}
