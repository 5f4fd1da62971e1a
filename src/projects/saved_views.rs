//! Keeps filters of lists under a name, and removes them.

use serde_json::json;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, SavedViewId, UserId};
use crate::domain::saved_view::SavedPage;
use crate::store::audit;
use crate::store::saved_views::{self, NewSavedView};

/// Views of a list that a person keeps, and that everybody of a project sees.
const KEPT_MAX: i64 = 40;

/// Why a view is not kept, or not removed.
#[derive(Debug, thiserror::Error)]
pub enum ViewRefused {
    /// As many are kept as may be.
    #[error("there are {KEPT_MAX} saved views, the maximum: remove one first")]
    TooMany,
    /// The project has no such view, or it is somebody else's own.
    #[error("there is no such view")]
    Unknown,
    /// Who asks may not decide on what everybody sees.
    #[error("views that everybody sees are removed by admins and owners")]
    Shared,
    /// Storing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Keeps a view. One of the same name, for the same people, is replaced.
pub async fn save_view(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: NewSavedView,
) -> Result<SavedViewId, ViewRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let kept = core.db.write(async move |tx| {
        let id = saved_views::put(tx, project, &new, now).await?;
        if saved_views::count(tx, project, new.page, new.user).await? > KEPT_MAX {
            saved_views::remove(tx, project, id).await?;
            return Ok(Err(ViewRefused::TooMany));
        }
        let detail = json!({"page": new.page.as_str(), "name": new.name.as_str(), "shared": new.user.is_none()});
        audit::record(tx, project, &actor, &Change::new(Action::SaveView, Object::View(id)).with(detail), now).await?;
        Ok(Ok(id))
    });
    kept.await?
}

/// Removes a view of `user`, or one that everybody sees where `may_share`. Gives the list that it was of.
pub async fn remove_view(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    (id, user, may_share): (SavedViewId, UserId, bool),
) -> Result<SavedPage, ViewRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let removed = core.db.write(async move |tx| {
        let owner = match saved_views::owner(tx, project, id).await? {
            Some(None) if !may_share => return Ok(Err(ViewRefused::Shared)),
            Some(owner) if owner.is_none_or(|owner| owner == user) => owner,
            _ => return Ok(Err(ViewRefused::Unknown)),
        };
        let (page, name) = saved_views::remove(tx, project, id).await?;
        let detail = json!({"page": page.as_str(), "name": name, "shared": owner.is_none()});
        audit::record(tx, project, &actor, &Change::new(Action::RemoveView, Object::View(id)).with(detail), now)
            .await?;
        Ok(Ok(page))
    });
    removed.await?
}
