//! Gives a project its lead form.

use crate::core::Core;
use crate::domain::form::Form;
use crate::domain::ids::ProjectId;
use crate::store::projects;

/// Stores the form; conversations follow it from their next turn on.
pub async fn set_form(core: &Core, project: ProjectId, form: &Form) -> anyhow::Result<()> {
    let form = serde_json::to_string(form)?;
    core.db.write(async move |tx| Ok(projects::set_form(tx, project, &form).await?)).await?;
    Ok(())
}
