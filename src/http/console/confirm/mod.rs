//! `/confirm`: a person proves who they are before they do what needs that.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::sign_in::refused;
use super::view::{go, invalid, page, safe_next};
use super::who::{Guest, SignedIn};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default().get("/confirm", show).post("/confirm", confirm)
}

#[derive(Template)]
#[template(path = "confirm/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    mistakes: Mistakes,
    email: String,
    next: String,
}

async fn show(State(engines): State<Engines>, who: SignedIn, query: Query) -> Result<Response> {
    let next = safe_next(query.one("next").ok().flatten().unwrap_or("/")).to_owned();
    let frame = Frame::of_person(&engines.core, &who);
    page(&ConfirmPage { frame, mistakes: Mistakes::default(), email: who.user.email, next })
}

async fn confirm(State(engines): State<Engines>, who: SignedIn, Guest(from): Guest, form: Form) -> Result<Response> {
    let next = safe_next(form.text("next")).to_owned();
    let Some(session) = &who.session else { return Ok(go(&next)) };
    match engines.accounts.confirm(session, &who.user, form.raw("password"), &from).await {
        Ok(()) => Ok(go(&next)),
        Err(error) => {
            let mistakes = Mistakes::one("password", refused(error)?);
            let frame = Frame::of_person(&engines.core, &who);
            invalid(&ConfirmPage { frame, mistakes, email: who.user.email, next })
        }
    }
}
