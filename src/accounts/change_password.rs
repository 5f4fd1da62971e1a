//! A person sets another password.

use super::Accounts;
use super::sessions::account_actor;
use crate::domain::account::NewPassword;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, UserSessionId};
use crate::store::users::{self, User};
use crate::store::{audit, user_sessions};

impl Accounts {
    /// Sets a person's password, and ends their sessions on other browsers.
    pub async fn change_password(&self, user: &User, kept: UserSessionId, new: NewPassword) -> anyhow::Result<()> {
        let hash = self.hasher.hash(new, &self.core.random).await?;
        let (user, now) = (user.clone(), self.core.clock.now());
        self.core
            .db
            .write(async move |tx| {
                users::set_password(tx, user.id, &hash).await?;
                user_sessions::remove_others(tx, user.id, Some(kept)).await?;
                let change = Change::new(Action::SetPassword, Object::User(user.email.clone()));
                Ok(audit::record(tx, ProjectId::INSTANCE, &account_actor(&user), &change, now).await?)
            })
            .await
    }
}
