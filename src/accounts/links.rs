//! Links that are good once: to set a new password, and to join a project. Whoever makes one can hand it over themselves: no
//! mail server is needed.

use super::create_user::{NewUser, join, store_user};
use super::sessions::{StartedSession, person};
use super::sign_in::Remote;
use super::{Accounts, hash};
use crate::domain::account::{Email, NewPassword};
use crate::domain::actor::{Actor, Scope};
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::user_links::{self, Purpose, UserLink};
use crate::store::users::{self, User};
use crate::store::{audit, user_sessions};

/// How long a link for a new password is good.
pub const PASSWORD_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long an invitation is good.
pub const INVITATION_LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A link that was just made: the only time that it can be read.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The whole address.
    pub url: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Why a link does nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefused {
    /// It was used, taken back, or is too old.
    #[error("this link was used before, or is too old: ask for a new one")]
    Spent,
    /// Using it failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Accounts {
    /// A link with which a person sets a new password. Links that were made before are no good any more.
    pub async fn create_password_link(&self, actor: &Actor, user: &User) -> anyhow::Result<NewLink> {
        let (token, now) = (self.new_token(), self.core.clock.now());
        let link = NewLink { url: self.url("reset", &token), expires_at: now + PASSWORD_LIFETIME };
        let (actor, user, expires_at) = (actor.clone(), user.clone(), link.expires_at);
        self.core
            .db
            .write(async move |tx| {
                user_links::remove_passwords(tx, user.id).await?;
                user_links::insert(tx, &Purpose::Password(user.id), &hash(&token), now, expires_at).await?;
                let change = Change::new(Action::CreateLink, Object::User(user.email.clone()));
                Ok(audit::record(tx, ProjectId::INSTANCE, &actor, &change, now).await?)
            })
            .await?;
        Ok(link)
    }

    /// A link's whole address.
    pub(super) fn url(&self, page: &str, token: &str) -> String {
        format!("{}/{page}/{token}", self.core.config.base_url)
    }

    /// A token for an invitation, and its link.
    pub fn new_invitation(&self) -> (String, NewLink) {
        let token = self.new_token();
        let link =
            NewLink { url: self.url("invitation", &token), expires_at: self.core.clock.now() + INVITATION_LIFETIME };
        (hash(&token), link)
    }

    /// What a link is good for, where it is good.
    pub async fn find_link(&self, token: &str) -> anyhow::Result<Option<UserLink>> {
        let (hash, now) = (hash(token), self.core.clock.now());
        self.core.db.read(async move |conn| Ok(user_links::find(conn, &hash, now).await?)).await
    }

    /// Sets a new password by a link, ends all sessions of the person, and signs them in. Their second factor stays.
    pub async fn redeem_password_link(
        &self,
        token: &str,
        password: NewPassword,
        from: &Remote,
    ) -> Result<Option<StartedSession>, LinkRefused> {
        let link = self.find_link(token).await?.ok_or(LinkRefused::Spent)?;
        let Purpose::Password(user) = link.purpose else { return Err(LinkRefused::Spent) };
        let password_hash = self.hasher.hash(password, &self.core.random).await?;
        let (core, session_token, now) = (self.core.clone(), self.new_token(), self.core.clock.now());
        let browser = from.browser();
        let redeemed = self.core.db.write(async move |tx| {
            if !user_links::remove(tx, link.id).await? {
                return Ok(None);
            }
            // Others may have been mailed beside it.
            user_links::remove_passwords(tx, user).await?;
            users::set_password(tx, user, &password_hash).await?;
            user_sessions::remove_others(tx, user, None).await?;
            let user = users::get(tx, user).await?;
            let actor = person(user.id, &user.email, Scope::Account);
            let change = Change::new(Action::SetPassword, Object::User(user.email.clone()));
            audit::record(tx, ProjectId::INSTANCE, &actor, &change, now).await?;
            if user.sealed_totp.is_some() {
                return Ok(Some(None));
            }
            Ok(Some(Some(Self::start_session(&core, tx, &user, session_token, &browser, now).await?)))
        });
        redeemed.await?.ok_or(LinkRefused::Spent)
    }

    /// Joins a project by an invitation: with the account that is signed in.
    pub async fn accept_invitation(&self, token: &str, user: &User) -> Result<ProjectId, LinkRefused> {
        let link = self.find_link(token).await?.ok_or(LinkRefused::Spent)?;
        let Purpose::Invitation { project, role, .. } = link.purpose else { return Err(LinkRefused::Spent) };
        let (user, now) = (user.clone(), self.core.clock.now());
        let joined = self.core.db.write(async move |tx| {
            if !user_links::remove(tx, link.id).await? {
                return Ok(false);
            }
            let actor = person(user.id, &user.email, Scope::Project(project));
            join(tx, &actor, project, &user, role, now).await?;
            Ok(true)
        });
        if joined.await? { Ok(project) } else { Err(LinkRefused::Spent) }
    }

    /// Joins a project by an invitation: with a new account for the address that was invited.
    pub async fn accept_invitation_anew(
        &self,
        token: &str,
        name: String,
        password: NewPassword,
        from: &Remote,
    ) -> Result<(ProjectId, StartedSession), LinkRefused> {
        let link = self.find_link(token).await?.ok_or(LinkRefused::Spent)?;
        let Purpose::Invitation { email, project, role } = link.purpose else { return Err(LinkRefused::Spent) };
        let email = Email::parse(&email).map_err(anyhow::Error::from)?;
        let new = NewUser { email, name, password: Some(password), is_operator: false, member: None };
        let checked = self.check_user(new).await?;
        let (core, session_token, now) = (self.core.clone(), self.new_token(), self.core.clock.now());
        let browser = from.browser();
        let joined = self.core.db.write(async move |tx| {
            if !user_links::remove(tx, link.id).await? {
                return Ok(None);
            }
            let Some(user) = store_user(tx, &Actor::System, &checked, now).await? else { return Ok(None) };
            let actor = person(user.id, &user.email, Scope::Project(project));
            join(tx, &actor, project, &user, role, now).await?;
            Ok(Some(Self::start_session(&core, tx, &user, session_token, &browser, now).await?))
        });
        joined.await?.map(|session| (project, session)).ok_or(LinkRefused::Spent)
    }
}
