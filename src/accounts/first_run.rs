//! The first account of an instance: made by a link that `serve` prints while there is none.

use super::create_user::{NewUser, store_user};
use super::links::{LinkRefused, NewLink};
use super::sessions::StartedSession;
use super::sign_in::Remote;
use super::{Accounts, hash};
use crate::domain::account::{Email, NewPassword};
use crate::domain::actor::Actor;
use crate::domain::time::SignedDuration;
use crate::store::user_links::{self, Purpose};
use crate::store::users;

/// How long the link is good.
pub const FIRST_RUN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

impl Accounts {
    /// A link for the first account; `None` where there is an account. The one before is no good any more.
    pub async fn create_first_run_link(&self) -> anyhow::Result<Option<NewLink>> {
        let (token, now) = (self.new_token(), self.core.clock.now());
        let link = NewLink { url: self.url("first-run", &token), expires_at: now + FIRST_RUN_LIFETIME };
        let expires_at = link.expires_at;
        let is_wanted = self.core.db.write(async move |tx| {
            if users::count(tx).await? > 0 {
                return Ok(false);
            }
            user_links::remove_first_runs(tx).await?;
            user_links::insert(tx, &Purpose::FirstRun, &hash(&token), now, expires_at).await?;
            Ok(true)
        });
        Ok(is_wanted.await?.then_some(link))
    }

    /// Makes the first account, the operator's, and signs it in.
    pub async fn redeem_first_run_link(
        &self,
        token: &str,
        email: Email,
        name: String,
        password: NewPassword,
        from: &Remote,
    ) -> Result<StartedSession, LinkRefused> {
        let link = self.find_link(token).await?.ok_or(LinkRefused::Spent)?;
        if link.purpose != Purpose::FirstRun {
            return Err(LinkRefused::Spent);
        }
        let new = NewUser { email, name, password: Some(password), is_operator: true, member: None };
        let checked = self.check_user(new).await?;
        let (core, session_token, now) = (self.core.clone(), self.new_token(), self.core.clock.now());
        let browser = from.browser();
        let made = self.core.db.write(async move |tx| {
            if !user_links::remove(tx, link.id).await? || users::count(tx).await? > 0 {
                return Ok(None);
            }
            let Some(user) = store_user(tx, &Actor::System, &checked, now).await? else { return Ok(None) };
            Ok(Some(Self::start_session(&core, tx, &user, session_token, &browser, now).await?))
        });
        made.await?.ok_or(LinkRefused::Spent)
    }
}
