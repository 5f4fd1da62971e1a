//! `/first-run/{token}`: the first account, by the link that `serve` prints.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::sign_in::welcome;
use super::view::{invalid, page};
use super::who::Guest;
use crate::accounts::links::LinkRefused;
use crate::domain::account::{Email, NewPassword};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::store::user_links::Purpose;

pub fn routes() -> Routes {
    Routes::default().get("/first-run/{token}", show).post("/first-run/{token}", create)
}

#[derive(Template)]
#[template(path = "first_run/first_run.html")]
struct FirstRunPage {
    frame: Frame,
    mistakes: Mistakes,
    name: String,
    email: String,
}

/// Of a link that does nothing.
#[derive(Template)]
#[template(path = "first_run/spent.html")]
struct SpentPage {
    frame: Frame,
    why: &'static str,
}

/// The page of a link that does nothing: it says how to get another.
pub fn spent(engines: &Engines, why: &'static str) -> Result<Response> {
    invalid(&SpentPage { frame: Frame::bare(&engines.core), why })
}

const SPENT: &str =
    "It is good once and for an hour. While nobody has an account, the next start of the server prints a new one.";

async fn show(State(engines): State<Engines>, Path(token): Path<String>) -> Result<Response> {
    match engines.accounts.find_link(&token).await? {
        Some(link) if link.purpose == Purpose::FirstRun => page(&FirstRunPage {
            frame: Frame::bare(&engines.core),
            mistakes: Mistakes::default(),
            name: String::new(),
            email: String::new(),
        }),
        _ => spent(&engines, SPENT),
    }
}

async fn create(
    State(engines): State<Engines>,
    Path(token): Path<String>,
    Guest(from): Guest,
    form: Form,
) -> Result<Response> {
    let mut mistakes = Mistakes::default();
    if form.text("name").is_empty() {
        mistakes.add("name", "write how you are called");
    }
    let email = mistakes.check("email", Email::parse(form.text("email")));
    let password =
        email.as_ref().and_then(|email| mistakes.check("password", NewPassword::parse(form.raw("password"), email)));
    if let (Some(email), Some(password), true) = (email, password, mistakes.is_empty()) {
        let name = form.text("name").to_owned();
        return match engines.accounts.redeem_first_run_link(&token, email, name, password, &from).await {
            Ok(session) => Ok(welcome(&session, "/projects", &engines.core.config)),
            Err(LinkRefused::Spent) => spent(&engines, SPENT),
            Err(LinkRefused::Failed(error)) => Err(error.into()),
        };
    }
    let (name, email) = (form.text("name").to_owned(), form.text("email").to_owned());
    invalid(&FirstRunPage { frame: Frame::bare(&engines.core), mistakes, name, email })
}
