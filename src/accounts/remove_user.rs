//! Removes an account.

use super::Accounts;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::store::audit;
use crate::store::users::{self, User};

/// Why an account stays.
#[derive(Debug, thiserror::Error)]
pub enum RemovalRefused {
    /// Nobody would look after the instance.
    #[error("this is the only operator: make another one first")]
    LastOperator,
    /// Removing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Accounts {
    /// Removes an account with its sessions and memberships. What the person did stays in the audit log.
    pub async fn remove_user(&self, actor: &Actor, user: &User) -> Result<(), RemovalRefused> {
        let (actor, user, now) = (actor.clone(), user.clone(), self.core.clock.now());
        let removed = self.core.db.write(async move |tx| {
            if user.is_operator && users::count_other_operators(tx, user.id).await? == 0 {
                return Ok(false);
            }
            users::remove(tx, user.id).await?;
            let change = Change::new(Action::RemoveUser, Object::User(user.email.clone()));
            audit::record(tx, ProjectId::INSTANCE, &actor, &change, now).await?;
            Ok(true)
        });
        if removed.await? { Ok(()) } else { Err(RemovalRefused::LastOperator) }
    }
}
