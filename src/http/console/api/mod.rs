//! `/p/{project}/api`: API keys, tokens of the management API, and the reference of the partner API.

mod reference;
mod tokens;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::{Configure, Member, Needs};
use crate::domain::account::Permission;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenOwner;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::routes::Routes;
use crate::projects::create_key::{SERVICE_CHARS_MAX, create_key};
use crate::projects::revoke_key::revoke_key;
use crate::store::keys::{self, Key};
use crate::store::tokens::{self as token_rows, Token};
pub use tokens::TokenForm;

/// Keys that are listed: the newest first.
const LISTED_MAX: u32 = 500;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/api", show)
        .post("/p/{project}/api/keys", create)
        .post("/p/{project}/api/keys/revoke", revoke)
        .merge(tokens::routes())
        .merge(reference::routes())
}

#[derive(Template)]
#[template(path = "api/api.html")]
struct ApiPage {
    frame: Frame,
    mistakes: Mistakes,
    keys: Vec<Key>,
    service: String,
    new_key: Option<String>,
    tokens: Vec<Token>,
    token: TokenForm,
    new_token: Option<String>,
    now: Timestamp,
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&api_page(&engines, &member).await?)
}

async fn api_page<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<ApiPage> {
    let project = member.project.id;
    let read = engines.core.db.read(async move |conn| {
        Ok((
            keys::list(conn, project, LISTED_MAX).await?,
            token_rows::list(conn, TokenOwner::Project(project), LISTED_MAX).await?,
        ))
    });
    let (mut keys, mut tokens) = read.await?;
    keys.sort_by_key(|key| (key.revoked_at.is_some(), std::cmp::Reverse(key.id)));
    let now = engines.core.clock.now();
    tokens.sort_by_key(|token| !token.is_valid(now));
    Ok(ApiPage {
        frame: Frame::of_member(&engines.core, member, "api").await?,
        mistakes: Mistakes::default(),
        keys,
        service: "external".to_owned(),
        new_key: None,
        tokens,
        token: TokenForm::default(),
        new_token: None,
        now,
    })
}

async fn create(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let service = form.text("service").to_owned();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if service.is_empty() || service.len() > SERVICE_CHARS_MAX || !service.bytes().all(fits) {
        let mistakes = Mistakes::one("service", "use 1 to 64 of a-z, 0-9, - and _: the name is part of addresses");
        return invalid(&ApiPage { mistakes, service, ..api_page(&engines, &member).await? });
    }
    let new = create_key(&engines.core, &member.actor(), member.project.id, service).await?;
    page(&ApiPage { new_key: Some(new.key), ..api_page(&engines, &member).await? })
}

async fn revoke(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    match revoke_key(&engines.core, &member.actor(), member.project.id, form.text("key")).await? {
        Some(_) => Ok(go(&format!("{}/api", member.path()))),
        None => Err(no_such_path().await),
    }
}
