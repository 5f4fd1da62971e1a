//! Sets how long a project keeps what grows, and tells it.

use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::domain::retention::{Kind, Period};
use crate::store::retention;

/// How long a project keeps a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is kept.
    pub kind: Kind,
    /// How long.
    pub period: Period,
    /// The project says so itself; otherwise the server's setting does.
    pub is_own: bool,
}

/// Sets periods of a project; `None`: from now on the server's.
pub async fn set_retention(
    core: &Core,
    project: ProjectId,
    periods: Vec<(Kind, Option<Period>)>,
) -> anyhow::Result<()> {
    let set = core.db.write(async move |tx| {
        for (kind, period) in periods {
            retention::set(tx, project, kind, period).await?;
        }
        Ok(())
    });
    set.await
}

/// How long a project keeps each kind.
pub async fn retention_of(core: &Core, project: ProjectId) -> anyhow::Result<Vec<Kept>> {
    let own = core.db.read(async move |conn| Ok(retention::of_project(conn, project).await?)).await?;
    let kept = |kind| match own.iter().find(|(set, _)| *set == kind) {
        Some((_, period)) => Kept { kind, period: *period, is_own: true },
        None => Kept { kind, period: core.config.retention.of(kind), is_own: false },
    };
    Ok(Kind::OF_PROJECT.into_iter().map(kept).collect())
}
