//! `/p/{project}/integrations/webhook`: webhooks, their health and what fails, and each one's settings.

mod actions;
pub mod cause;
mod edit;
pub mod health;
mod list;
mod show;
mod template;
mod warnings;
mod webhook_form;

use super::who::{Member, Needs};
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::routes::Routes;
use crate::store::webhooks::{self, Webhook};

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/integrations/webhook", list::show)
        .get("/p/{project}/integrations/webhook/new", edit::show_new)
        .post("/p/{project}/integrations/webhook/new", edit::add)
        .post("/p/{project}/integrations/webhook/check", edit::check)
        .get("/p/{project}/integrations/webhook/{webhook}", show::show)
        .get("/p/{project}/integrations/webhook/{webhook}/edit", edit::show_edit)
        .post("/p/{project}/integrations/webhook/{webhook}/edit", edit::update)
        .post("/p/{project}/integrations/webhook/{webhook}/test", list::test)
        .post("/p/{project}/integrations/webhook/{webhook}/on", actions::turn_on)
        .post("/p/{project}/integrations/webhook/{webhook}/off", actions::turn_off)
        .post("/p/{project}/integrations/webhook/{webhook}/pause", actions::pause)
        .post("/p/{project}/integrations/webhook/{webhook}/resume", actions::resume)
        .post("/p/{project}/integrations/webhook/{webhook}/rotate", show::rotate)
        .post("/p/{project}/integrations/webhook/{webhook}/remove", actions::remove)
        .get("/p/{project}/integrations/webhook/{webhook}/template", template::show)
        .post("/p/{project}/integrations/webhook/{webhook}/template", template::save)
        .post("/p/{project}/integrations/webhook/{webhook}/template/preview", template::preview)
        .post("/p/{project}/integrations/webhook/{webhook}/template/remove", template::remove)
}

/// The project's webhook of that UUID, or 404.
async fn find<N: Needs>(engines: &Engines, member: &Member<N>, public_id: &str) -> Result<Webhook> {
    let (project, public_id) = (member.project.id, public_id.to_owned());
    let find = async move |conn: &_| Ok(webhooks::find_public(conn, project, &public_id).await?);
    match engines.core.db.read(find).await? {
        Some(webhook) => Ok(webhook),
        None => Err(no_such_path().await),
    }
}

/// The page of all webhooks of a project.
fn list_path<N: Needs>(member: &Member<N>) -> String {
    format!("{}/integrations/webhook", member.path())
}

/// The page of one.
fn webhook_path<N: Needs>(member: &Member<N>, public_id: &str) -> String {
    format!("{}/integrations/webhook/{public_id}", member.path())
}

/// The names of a webhook's headers: their values are not shown again.
fn header_names(engines: &Engines, webhook: &Webhook) -> Result<Vec<String>> {
    let opened =
        engines.core.seal.open(webhook.headers_place(), &webhook.sealed_headers).map_err(anyhow::Error::from)?;
    let headers: Vec<(String, String)> = serde_json::from_str(&opened).map_err(anyhow::Error::from)?;
    Ok(headers.into_iter().map(|(name, _)| name).collect())
}
