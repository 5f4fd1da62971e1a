//! Sets of what people are told by e-mail.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::attention::Alerts;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, UserId};
use crate::store::{alerts, audit, users};

/// Only members of a project are told of it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("only members of the project are told of it")]
pub struct NotAMember;

/// Sets of what a member is told; an error where they are none.
pub async fn set_alerts(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    user: UserId,
    chosen: Alerts,
) -> anyhow::Result<()> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            anyhow::ensure!(alerts::set(tx, project, user, &chosen).await?, NotAMember);
            let change = Change::new(Action::SetAlerts, Object::User(users::get(tx, user).await?.email));
            let kinds: Vec<_> = chosen.kinds().iter().map(|kind| kind.as_str()).collect();
            Ok(audit::record(tx, project, &actor, &change.with(json!({"kinds": kinds})), now).await?)
        })
        .await
}

/// Sets whether an operator is told of the instance.
pub async fn set_told_of_instance(core: &Core, actor: &Actor, user: UserId, is_told: bool) -> anyhow::Result<()> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            alerts::set_told(tx, user, is_told).await?;
            let change = Change::new(Action::SetAlerts, Object::User(users::get(tx, user).await?.email));
            Ok(audit::record(tx, ProjectId::INSTANCE, &actor, &change.with(json!({"instance": is_told})), now).await?)
        })
        .await
}
