//! `/invitation/{token}`: joining a project, with the account that is signed in or with a new one.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::first_run::spent;
use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::sign_in::welcome;
use super::view::{go, invalid, page};
use super::who::{Guest, SignedIn};
use crate::accounts::links::LinkRefused;
use crate::domain::account::{Email, NewPassword};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::store::user_links::Purpose;
use crate::store::{projects, users};

pub fn routes() -> Routes {
    Routes::default().get("/invitation/{token}", show).post("/invitation/{token}", join)
}

#[derive(Template)]
#[template(path = "invitation/invitation.html")]
struct InvitationPage {
    frame: Frame,
    mistakes: Mistakes,
    project: String,
    role: &'static str,
    email: String,
    name: String,
    signed_in: Option<String>,
    has_account: bool,
    here: String,
}

const SPENT: &str =
    "It is good once and for a week, and can be taken back. An owner of the project can invite you again.";

async fn show(State(engines): State<Engines>, Path(token): Path<String>, who: Option<SignedIn>) -> Result<Response> {
    match invitation(&engines, &token, who.as_ref()).await? {
        Some(invitation) => page(&invitation),
        None => spent(&engines, SPENT),
    }
}

async fn join(
    State(engines): State<Engines>,
    Path(token): Path<String>,
    who: Option<SignedIn>,
    Guest(from): Guest,
    form: Form,
) -> Result<Response> {
    let Some(mut invitation) = invitation(&engines, &token, who.as_ref()).await? else {
        return spent(&engines, SPENT);
    };
    let refused = |error| match error {
        LinkRefused::Spent => spent(&engines, SPENT),
        LinkRefused::Failed(error) => Err(ApiError::from(error)),
    };
    if let Some(who) = who {
        return match engines.accounts.accept_invitation(&token, &who.user).await {
            Ok(_) => Ok(go("/projects")),
            Err(error) => refused(error),
        };
    }
    if invitation.has_account {
        return Err(ApiError::SignInWanted { next: invitation.here });
    }
    let email = Email::parse(&invitation.email).map_err(anyhow::Error::from)?;
    form.text("name").clone_into(&mut invitation.name);
    if invitation.name.is_empty() {
        invitation.mistakes.add("name", "write how you are called");
    }
    let password = invitation.mistakes.check("password", NewPassword::parse(form.raw("password"), &email));
    let Some(password) = password.filter(|_| invitation.mistakes.is_empty()) else { return invalid(&invitation) };
    match engines.accounts.accept_invitation_anew(&token, invitation.name, password, &from).await {
        Ok((_, session)) => Ok(welcome(&session, "/projects", &engines.core.config)),
        Err(error) => refused(error),
    }
}

async fn invitation(engines: &Engines, token: &str, who: Option<&SignedIn>) -> Result<Option<InvitationPage>> {
    let Some(link) = engines.accounts.find_link(token).await? else { return Ok(None) };
    let Purpose::Invitation { email, project, role } = link.purpose else { return Ok(None) };
    let address = Email::parse(&email).map_err(anyhow::Error::from)?;
    let (project, account) = engines
        .core
        .db
        .read(async move |conn| Ok((projects::get(conn, project).await?, users::find_by_email(conn, &address).await?)))
        .await?;
    Ok(Some(InvitationPage {
        frame: Frame::bare(&engines.core),
        mistakes: Mistakes::default(),
        project: project.name,
        role: role.as_str(),
        email,
        name: String::new(),
        signed_in: who.map(|who| who.user.email.clone()),
        has_account: account.is_some(),
        here: format!("/invitation/{token}"),
    }))
}
