//! Skips a step of setting a project up, or takes that back.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::setup::{Step, with_step};
use crate::store::projects::Project;
use crate::store::{audit, setup};

/// Says whether a step is skipped.
pub async fn skip_step(
    core: &Core,
    actor: &Actor,
    project: &Project,
    (step, is_skipped): (Step, bool),
) -> anyhow::Result<()> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let (project, object) = (project.id, Object::Project(project.public_id.clone()));
    core.db
        .write(async move |tx| {
            let before = setup::skipped(tx, project).await?;
            let skipped = with_step(&before, step, is_skipped);
            if skipped == before {
                return Ok(());
            }
            setup::set_skipped(tx, project, &skipped).await?;
            let change = Change::new(Action::UpdateProject, object).with(json!({ "setup_skipped": skipped }));
            audit::record(tx, project, &actor, &change, now).await?;
            Ok(())
        })
        .await
}
