//! Sets the lead form of a project.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::form::Form;
use crate::domain::ids::ProjectId;
use crate::store::{audit, form_versions, projects};

/// Stores the form; conversations use it from their next turn on.
pub async fn set_form(core: &Core, actor: &Actor, project: ProjectId, form: &Form) -> anyhow::Result<()> {
    let keys: Vec<&str> = form.fields.iter().map(|field| field.key.as_str()).collect();
    let (detail, form) = (json!({"fields": keys}), serde_json::to_string(form)?);
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            let public_id = projects::get(tx, project).await?.public_id;
            projects::set_form(tx, project, &form).await?;
            form_versions::insert(tx, project, &form, actor.name(), now).await?;
            let change = Change::new(Action::SetForm, Object::Project(public_id)).with(detail);
            Ok(audit::record(tx, project, &actor, &change, now).await?)
        })
        .await
}
