//! `/sign-in`: address and password, then a code where there is a second factor; or the OpenID Connect provider. `/sign-out`.

mod oidc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::cookies::Cookie;
use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{go, go_with, invalid, page, safe_next};
use super::who::{Guest, SignedIn};
use crate::accounts::sessions::StartedSession;
use crate::accounts::sign_in::{Next, SignInRefused};
use crate::config::Config;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default()
        .get("/sign-in", show)
        .post("/sign-in", sign_in)
        .get("/sign-in/code", start_again)
        .post("/sign-in/code", sign_in_with_code)
        .post("/sign-out", sign_out)
        .merge(oidc::routes())
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage {
    frame: Frame,
    mistakes: Mistakes,
    /// Of the instance: people know it from the address.
    host: String,
    email: String,
    next: String,
    has_oidc: bool,
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    frame: Frame,
    mistakes: Mistakes,
    ticket: String,
    next: String,
}

async fn show(State(engines): State<Engines>, query: Query, who: Option<SignedIn>) -> Result<Response> {
    let next = safe_next(query.one("next").ok().flatten().unwrap_or("/")).to_owned();
    if who.is_some() {
        return Ok(go(&next));
    }
    page(&sign_in_page(&engines, Mistakes::default(), String::new(), next))
}

async fn start_again() -> Response {
    go("/sign-in")
}

async fn sign_in(State(engines): State<Engines>, Guest(from): Guest, form: Form) -> Result<Response> {
    let (email, next) = (form.text("email").to_owned(), safe_next(form.text("next")).to_owned());
    match engines.accounts.sign_in(&email, form.raw("password"), &from).await {
        Ok(Next::SignedIn(session)) => Ok(welcome(&session, &next, &engines.core.config)),
        Ok(Next::CodeWanted { ticket }) => {
            let frame = Frame::bare(&engines.core);
            page(&CodePage { frame, mistakes: Mistakes::default(), ticket, next })
        }
        Err(error) => {
            let mistakes = Mistakes::one("password", refused(error)?);
            invalid(&sign_in_page(&engines, mistakes, email, next))
        }
    }
}

async fn sign_in_with_code(State(engines): State<Engines>, Guest(from): Guest, form: Form) -> Result<Response> {
    let (ticket, next) = (form.text("ticket").to_owned(), safe_next(form.text("next")).to_owned());
    match engines.accounts.sign_in_with_code(&ticket, form.text("code"), &from).await {
        Ok(session) => Ok(welcome(&session, &next, &engines.core.config)),
        Err(error @ SignInRefused::TooLate) => {
            let mistakes = Mistakes::one("password", error);
            invalid(&sign_in_page(&engines, mistakes, String::new(), next))
        }
        Err(error) => {
            let (frame, mistakes) = (Frame::bare(&engines.core), Mistakes::one("code", refused(error)?));
            invalid(&CodePage { frame, mistakes, ticket, next })
        }
    }
}

async fn sign_out(State(engines): State<Engines>, who: Option<SignedIn>) -> Result<Response> {
    if let Some(SignedIn { user, session: Some(session), .. }) = who {
        engines.accounts.end_session(&user, session.id).await?;
    }
    Ok(go_with("/sign-in", [Cookie::Session.remove(&engines.core.config)]))
}

/// Goes on with the cookies of a new session.
pub fn welcome(session: &StartedSession, next: &str, config: &Config) -> Response {
    let known = Cookie::KnownBrowser.set(&session.known_browser, config);
    go_with(next, [Cookie::Session.set(&session.token, config), known])
}

/// What to say about an attempt; an error of ours goes on as one.
pub fn refused(error: SignInRefused) -> Result<String> {
    match error {
        SignInRefused::Failed(error) => Err(ApiError::from(error)),
        error => Ok(format!("{error}.")),
    }
}

fn sign_in_page(engines: &Engines, mistakes: Mistakes, email: String, next: String) -> SignInPage {
    let base_url = &engines.core.config.base_url;
    let host = base_url.split_once("://").map_or(base_url.as_str(), |(_, host)| host).to_owned();
    SignInPage {
        frame: Frame::bare(&engines.core),
        mistakes,
        host,
        email,
        next,
        has_oidc: engines.core.config.oidc.is_some(),
    }
}
