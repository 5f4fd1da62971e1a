//! Sets and reads the retention periods of a project.

use serde_json::{Map, Value};

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::retention::{Kind, Period};
use crate::store::{audit, projects, retention};

/// The retention period of a kind of data in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectPeriod {
    /// What is kept.
    pub kind: Kind,
    /// How long.
    pub period: Period,
    /// The project sets it; otherwise the server's setting counts.
    pub is_own: bool,
}

/// Sets periods of a project; `None` goes back to the server's setting.
pub async fn set_retention(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    periods: Vec<(Kind, Option<Period>)>,
) -> anyhow::Result<()> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            let public_id = projects::get(tx, project).await?.public_id;
            let mut detail = Map::new();
            for (kind, period) in periods {
                retention::set(tx, project, kind, period).await?;
                let text = period.map_or_else(|| "default".to_owned(), |period| period.to_string());
                detail.insert(kind.as_str().to_owned(), Value::String(text));
            }
            let change = Change::new(Action::SetRetention, Object::Project(public_id)).with(Value::Object(detail));
            Ok(audit::record(tx, project, &actor, &change, now).await?)
        })
        .await
}

/// The retention period of each kind in a project.
pub async fn retention_of(core: &Core, project: ProjectId) -> anyhow::Result<Vec<ProjectPeriod>> {
    let own = core.db.read(async move |conn| Ok(retention::of_project(conn, project).await?)).await?;
    let period_of = |kind| match own.iter().find(|(set, _)| *set == kind) {
        Some((_, period)) => ProjectPeriod { kind, period: *period, is_own: true },
        None => ProjectPeriod { kind, period: core.config.retention.of(kind), is_own: false },
    };
    Ok(Kind::OF_PROJECT.into_iter().map(period_of).collect())
}
