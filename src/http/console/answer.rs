//! Answering a person, taking their conversation over, and giving it back.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::talk::{Line, Medium, Place, Talk, Wanted, load, news};
use super::view::{go, page};
use super::who::{Member, Reply};
use super::{inbox, lead};
use crate::conversations::note_writing::note_writing;
use crate::conversations::reply_as_person::{PersonReply, ReplyRefused, reply_as_person};
use crate::conversations::take_over::{HandlingRefused, give_back, take_over};
use crate::domain::account::Permission;
use crate::domain::ids::{LeadId, MessageId};
use crate::domain::lead::Handling;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/leads/{lead}/talk", part)
        .post("/p/{project}/leads/{lead}/writing", writing)
        .post("/p/{project}/leads/{lead}/reply", reply)
        .post("/p/{project}/leads/{lead}/take-over", take)
        .post("/p/{project}/leads/{lead}/give-back", give)
}

type LeadPath = Path<(String, LeadId)>;

/// The newest messages and the buttons below them, for a page that shows the conversation.
#[derive(Template)]
#[template(path = "talk/part.html")]
struct TalkPart {
    frame: Frame,
    talk: Talk,
}

async fn part(
    State(engines): State<Engines>,
    member: Member,
    Path((_, lead)): LeadPath,
    query: Query,
) -> Result<Response> {
    let place = Place::parse(query.one("place").ok().flatten().unwrap_or_default());
    let frame = Frame::of_member(&engines.core, &member, "").await?;
    let wanted = Wanted { lead, place, before: None };
    let Some((talk, _)) = load(&engines.core, &member, &frame, wanted).await? else { return Err(no_such_path().await) };
    page(&TalkPart { frame, talk })
}

async fn writing(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
) -> Result<StatusCode> {
    if note_writing(&engines.core, member.project.id, lead, member.who.user.id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_such_path().await)
    }
}

async fn reply(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let place = Place::parse(form.text("place"));
    let seen = form.text("seen").parse().unwrap_or(MessageId(0));
    let text = form.raw("text").to_owned();
    let said = PersonReply { text: text.clone(), seen };
    let refused = match reply_as_person(&engines.core, &member.actor(), member.project.id, lead, said).await {
        Ok(()) => return Ok(go(&format!("{}#talk", place.path(&member.path(), lead)))),
        Err(ReplyRefused::Unknown) => return Err(no_such_path().await),
        Err(ReplyRefused::Failed(error)) => return Err(error.into()),
        Err(refused) => refused,
    };
    let frame = Frame::of_member(&engines.core, &member, if place == Place::Inbox { "inbox" } else { "leads" }).await?;
    let wanted = Wanted { lead, place, before: None };
    let Some((mut talk, viewed)) = load(&engines.core, &member, &frame, wanted).await? else {
        return Err(no_such_path().await);
    };
    if matches!(refused, ReplyRefused::Answered) {
        talk.news = news(&engines.core, &member, &frame, (lead, seen)).await?;
    }
    talk.mistakes = Mistakes::one("text", format!("{refused}."));
    talk.text = text;
    match place {
        Place::Lead => lead::refused(&engines, &member, frame, (talk, viewed)).await,
        Place::Inbox => inbox::refused(&engines, &member, frame, (talk, viewed)).await,
    }
}

async fn take(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let taken = take_over(&engines.core, &member.actor(), member.project.id, lead).await;
    moved(&member, lead, &form, taken).await
}

async fn give(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let given = give_back(&engines.core, &member.actor(), member.project.id, lead).await;
    moved(&member, lead, &form, given).await
}

async fn moved(
    member: &Member<Reply>,
    lead: LeadId,
    form: &Form,
    result: std::result::Result<(), HandlingRefused>,
) -> Result<Response> {
    match result {
        Ok(()) => Ok(go(&Place::parse(form.text("place")).path(&member.path(), lead))),
        Err(HandlingRefused::Unknown) => Err(no_such_path().await),
        Err(refused @ HandlingRefused::Stopped) => Err(ApiError::Conflict(format!("{refused}."))),
        Err(HandlingRefused::Failed(error)) => Err(error.into()),
    }
}
