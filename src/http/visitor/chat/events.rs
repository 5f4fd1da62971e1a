//! `GET /chat/{widget}/events`: what is new in a chat, as server-sent events, from a message number on.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::sync::watch;

use super::{chat_of, json, number, respond};
use crate::chats::follow::{ChatEvent, Follower, NoSeat, follow, stopped};
use crate::domain::time::Clock;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::{Path, Query};

/// How often something is sent, so that nothing on the way takes the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);
/// How long a panel waits where the process has as many streams as it takes.
const FULL_RETRY_AFTER_S: u32 = 30;

/// The stream of a panel.
pub async fn stream(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    (headers, query): (HeaderMap, Query),
    stopping: watch::Receiver<bool>,
) -> Result<Response> {
    respond(&engines, &id, &headers, async |widget| {
        // Browsers that connect again by themselves say it in a header.
        let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
        let after = last.or(number(&query, "after")?).unwrap_or(0);
        let Some(chat) = chat_of(&engines, &widget, &headers).await? else {
            // For good: there is nothing to connect to any more.
            return Ok(StatusCode::NO_CONTENT.into_response());
        };
        let follower = follow(&engines.chats, chat, after).await?.map_err(no_seat)?;
        let panel = Panel { follower, stopping, clock: engines.core.clock.clone(), has_begun: false, has_ended: false };
        let events = stream::unfold(panel, |mut panel| async move {
            let event = panel.next().await?;
            Some((Ok::<_, Infallible>(event), panel))
        });
        let mut response = Sse::new(events).into_response();
        // A proxy that collects responses would show nothing.
        response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
        Ok(response)
    })
    .await
}

/// Why there is no stream, or none more.
pub(super) fn no_seat(no_seat: NoSeat) -> ApiError {
    match no_seat {
        NoSeat::Full => ApiError::Unavailable {
            retry_after_s: FULL_RETRY_AFTER_S,
            detail: "Too many visitors are connected at the moment: ask for new messages from time to time instead."
                .into(),
        },
        NoSeat::Many => ApiError::TooMany { retry_after_s: FULL_RETRY_AFTER_S },
    }
}

/// An open panel.
struct Panel {
    follower: Follower,
    stopping: watch::Receiver<bool>,
    clock: Clock,
    has_begun: bool,
    has_ended: bool,
}

impl Panel {
    /// The next event, or a comment; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.has_ended {
            return None;
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            // So that the head goes out at once.
            return Some(Event::default().retry(RETRY).comment(""));
        }
        let next = tokio::select! {
            () = stopped(self.stopping.clone()) => return None,
            next = self.follower.next() => next,
            () = self.clock.sleep(COMMENT_EVERY) => return Some(Event::default().comment("")),
        };
        match next {
            Ok(next) => {
                let next = next?;
                self.has_ended = matches!(next, ChatEvent::Ended);
                Some(json::event(&next))
            }
            Err(error) => {
                // The panel connects again, and goes on where it was.
                tracing::warn!(error = %format!("{error:#}"), "stream of a chat ended");
                None
            }
        }
    }
}
