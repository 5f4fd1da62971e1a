//! `/reset`: asks for a link by mail. `/reset/{token}`: a new password, by a link.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::first_run::spent;
use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::sign_in::welcome;
use super::view::{go, invalid, page};
use super::who::Guest;
use crate::accounts::links::LinkRefused;
use crate::accounts::request_password::RequestRefused;
use crate::domain::account::{Email, NewPassword};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::store::user_links::Purpose;
use crate::store::users::{self, User};

pub fn routes() -> Routes {
    Routes::default()
        .get("/reset", show_request)
        .post("/reset", request)
        .get("/reset/{token}", show)
        .post("/reset/{token}", set)
}

#[derive(Template)]
#[template(path = "reset/reset.html")]
struct ResetPage {
    frame: Frame,
    mistakes: Mistakes,
    email: String,
}

#[derive(Template)]
#[template(path = "reset/request.html")]
struct RequestPage {
    frame: Frame,
    mistakes: Mistakes,
    email: String,
    /// Whether links can be mailed.
    has_mail: bool,
    is_sent: bool,
}

fn request_page(engines: &Engines) -> RequestPage {
    RequestPage {
        frame: Frame::bare(&engines.core),
        mistakes: Mistakes::default(),
        email: String::new(),
        has_mail: engines.core.mailer.is_some(),
        is_sent: false,
    }
}

async fn show_request(State(engines): State<Engines>) -> Result<Response> {
    page(&request_page(&engines))
}

/// Answers the same for every address.
async fn request(State(engines): State<Engines>, Guest(from): Guest, form: Form) -> Result<Response> {
    let mut mistakes = Mistakes::default();
    if let Some(email) = mistakes.check("email", Email::parse(form.text("email"))) {
        match engines.accounts.request_password(&email, &from).await {
            Ok(()) => return page(&RequestPage { is_sent: true, ..request_page(&engines) }),
            // The page says who makes a link.
            Err(RequestRefused::NoMail) => {}
            Err(RequestRefused::Failed(error)) => return Err(error.into()),
            Err(error @ RequestRefused::Wait { .. }) => mistakes.add("email", format!("{error}.")),
        }
    }
    let email = form.text("email").to_owned();
    invalid(&RequestPage { mistakes, email, ..request_page(&engines) })
}

const SPENT: &str = "It is good once and for a day. An owner or the operator can make a new one.";

async fn show(State(engines): State<Engines>, Path(token): Path<String>) -> Result<Response> {
    match find(&engines, &token).await? {
        Some(user) => {
            page(&ResetPage { frame: Frame::bare(&engines.core), mistakes: Mistakes::default(), email: user.email })
        }
        None => spent(&engines, SPENT),
    }
}

async fn set(
    State(engines): State<Engines>,
    Path(token): Path<String>,
    Guest(from): Guest,
    form: Form,
) -> Result<Response> {
    let Some(user) = find(&engines, &token).await? else { return spent(&engines, SPENT) };
    let email = Email::parse(&user.email).map_err(anyhow::Error::from)?;
    let mut mistakes = Mistakes::default();
    let Some(password) = mistakes.check("password", NewPassword::parse(form.raw("password"), &email)) else {
        return invalid(&ResetPage { frame: Frame::bare(&engines.core), mistakes, email: user.email });
    };
    match engines.accounts.redeem_password_link(&token, password, &from).await {
        Ok(Some(session)) => Ok(welcome(&session, "/", &engines.core.config)),
        Ok(None) => Ok(go("/sign-in")),
        Err(LinkRefused::Spent) => spent(&engines, SPENT),
        Err(LinkRefused::Failed(error)) => Err(error.into()),
    }
}

async fn find(engines: &Engines, token: &str) -> Result<Option<User>> {
    let Some(link) = engines.accounts.find_link(token).await? else { return Ok(None) };
    let Purpose::Password(user) = link.purpose else { return Ok(None) };
    Ok(Some(engines.core.db.read(async move |conn| Ok(users::get(conn, user).await?)).await?))
}
