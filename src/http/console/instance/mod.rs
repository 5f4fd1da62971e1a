//! `/instance`: health, accounts and backups, for operators.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::Form;
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::Operator;
use crate::accounts::remove_user::RemovalRefused;
use crate::domain::actor::Scope;
use crate::domain::ids::UserId;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::routes::Routes;
use crate::store::projects;
use crate::store::users::{self, User};

/// Accounts that are listed.
const LISTED_MAX: u32 = 1_000;

pub fn routes() -> Routes {
    Routes::default().get("/instance", show).post("/instance/link", link).post("/instance/remove", remove)
}

#[derive(Template)]
#[template(path = "instance/instance.html")]
struct InstancePage {
    frame: Frame,
    me: UserId,
    version: &'static str,
    engine: &'static str,
    base_url: String,
    is_guess: bool,
    data_dir: String,
    not_ready: Option<String>,
    projects: i64,
    users: Vec<User>,
    link: Option<(String, String)>,
    refused: Option<String>,
}

async fn show(State(engines): State<Engines>, who: Operator) -> Result<Response> {
    page(&instance_page(&engines, &who).await?)
}

async fn instance_page(engines: &Engines, Operator(who): &Operator) -> Result<InstancePage> {
    let core = &engines.core;
    let not_ready = engines.readiness.check().await.err().map(|reason| reason.to_string());
    let (users, projects) = core
        .db
        .read(async |conn| {
            let users = users::list(conn, LISTED_MAX).await?;
            Ok((users, projects::count(conn).await?))
        })
        .await?;
    Ok(InstancePage {
        frame: Frame::of_person(core, who),
        me: who.user.id,
        version: env!("CARGO_PKG_VERSION"),
        engine: core.db.engine(),
        base_url: core.config.base_url.clone(),
        is_guess: core.config.base_url_is_default,
        data_dir: core.config.data_dir.display().to_string(),
        not_ready,
        projects,
        users,
        link: None,
        refused: None,
    })
}

async fn link(State(engines): State<Engines>, who: Operator, form: Form) -> Result<Response> {
    who.0.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    let link = engines.accounts.create_password_link(&who.0.actor(Scope::Instance), &user).await?;
    page(&InstancePage { link: Some((user.email, link.url)), ..instance_page(&engines, &who).await? })
}

async fn remove(State(engines): State<Engines>, who: Operator, form: Form) -> Result<Response> {
    who.0.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    match engines.accounts.remove_user(&who.0.actor(Scope::Instance), &user).await {
        Ok(()) => Ok(go("/instance")),
        Err(error @ RemovalRefused::LastOperator) => {
            invalid(&InstancePage { refused: Some(error.to_string()), ..instance_page(&engines, &who).await? })
        }
        Err(RemovalRefused::Failed(error)) => Err(error.into()),
    }
}

/// The person that a form names.
async fn named(engines: &Engines, form: &Form) -> Result<User> {
    let public_id = form.text("user").to_owned();
    match engines.core.db.read(async move |conn| Ok(users::find_public(conn, &public_id).await?)).await? {
        Some(user) => Ok(user),
        None => Err(no_such_path().await),
    }
}
