//! What is done to a webhook with one button: on, off, pause, resume, remove.

use axum::extract::State;
use axum::response::Response;

use super::super::form::Form;
use super::super::view::go;
use super::super::who::{Configure, Member};
use super::{find, list_path, webhook_path};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Path;
use crate::projects::pause_webhook::{Waiting, pause_webhook, resume_webhook};
use crate::projects::remove_webhook::remove_webhook;
use crate::projects::set_webhook_active::{KeyRevoked, set_webhook_active};

/// Project and webhook of an address.
type Names = Path<(String, String)>;

pub async fn turn_on(state: State<Engines>, member: Member<Configure>, names: Names) -> Result<Response> {
    set_active(state, member, names, true).await
}

pub async fn turn_off(state: State<Engines>, member: Member<Configure>, names: Names) -> Result<Response> {
    set_active(state, member, names, false).await
}

async fn set_active(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
    is_active: bool,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    match set_webhook_active(&engines.core, &member.actor(), member.project.id, webhook.id, is_active).await {
        Err(error) if error.is::<KeyRevoked>() => Err(ApiError::Conflict(
            "The API key of this webhook was revoked. Add a webhook for whoever is to have its events.".to_owned(),
        )),
        result => {
            result?;
            Ok(go(&webhook_path(&member, &id)))
        }
    }
}

pub async fn pause(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    pause_webhook(&engines.core, &member.actor(), member.project.id, webhook.id).await?;
    Ok(go(&webhook_path(&member, &id)))
}

/// The form says what happens to what waits.
pub async fn resume(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
    form: Form,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let Some(waiting) = Waiting::parse(form.text("waiting")) else {
        return Err(ApiError::field("waiting", "choose whether what waits is sent or skipped"));
    };
    resume_webhook(&engines.core, &member.actor(), member.project.id, webhook.id, waiting).await?;
    Ok(go(&webhook_path(&member, &id)))
}

pub async fn remove(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    remove_webhook(&engines.core, &member.actor(), member.project.id, webhook.id).await?;
    Ok(go(&list_path(&member)))
}
