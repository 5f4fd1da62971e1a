//! Sessions: browsers that people are signed in with.

use std::net::IpAddr;

use super::{Accounts, hash};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::{Actor, Person, Scope};
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, UserId, UserSessionId};
use crate::domain::seal::Place;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::user_sessions::{self, Browser, UserSession};
use crate::store::users::User;
use crate::store::{audit, sign_in_failures, user_links};

/// A session that was not used for so long has ended.
pub const IDLE_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A session ends after so long, however much it is used.
pub const AGE_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How often it is stored that a session was used.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// For so long after they proved who they are, a person may do what needs that.
pub const CONFIRMED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Characters of a browser's name for itself that are stored.
const USER_AGENT_CHARS_MAX: usize = 300;

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct StartedSession {
    /// What the browser's cookie holds.
    pub token: String,
    /// By which the browser is known from now on, also after the session.
    pub known_browser: String,
}

impl Accounts {
    /// Starts a session in the transaction of what its person proved.
    pub(super) async fn start_session(
        core: &Core,
        tx: &Tx,
        user: &User,
        token: String,
        browser: &Browser,
        now: Timestamp,
    ) -> anyhow::Result<StartedSession> {
        user_sessions::insert(tx, user.id, &hash(&token), &cut(browser), now).await?;
        let change = Change::new(Action::SignIn, Object::User(user.email.clone()));
        audit::record(tx, ProjectId::INSTANCE, &account_actor(user), &change, now).await?;
        let known_browser = core.seal.seal(Place::KnownBrowser(&user.public_id), &now.as_second().to_string());
        Ok(StartedSession { token, known_browser })
    }

    /// The session of a browser's token, and its person. Says from time to time that it was used.
    pub async fn find_session(&self, token: &str, ip: Option<IpAddr>) -> anyhow::Result<Option<(UserSession, User)>> {
        let (hash, now) = (hash(token), self.core.clock.now());
        let found = self.core.db.read(async move |conn| Ok(user_sessions::find(conn, &hash).await?)).await?;
        let Some((session, user)) = found.filter(|(session, _)| is_alive(session, now)) else { return Ok(None) };
        if now - SEEN_EVERY > session.last_seen_at {
            let (id, ip) = (session.id, ip.map(|ip| ip.to_string()));
            self.core.db.write(async move |tx| Ok(user_sessions::touch(tx, id, ip.as_deref(), now).await?)).await?;
        }
        Ok(Some((session, user)))
    }

    /// Ends one session of a person, as they ask.
    pub async fn end_session(&self, user: &User, session: UserSessionId) -> anyhow::Result<bool> {
        let id = user.id;
        self.core.db.write(async move |tx| Ok(user_sessions::remove(tx, id, session).await?)).await
    }

    /// Ends all other sessions of a person.
    pub async fn end_other_sessions(&self, user: &User, kept: UserSessionId) -> anyhow::Result<u64> {
        let (user, now) = (user.clone(), self.core.clock.now());
        self.core
            .db
            .write(async move |tx| {
                let ended = user_sessions::remove_others(tx, user.id, Some(kept)).await?;
                let change = Change::new(Action::EndSessions, Object::User(user.email.clone()));
                audit::record(tx, ProjectId::INSTANCE, &account_actor(&user), &change, now).await?;
                Ok(ended)
            })
            .await
    }

    /// Removes what has ended: sessions, links and failures.
    pub async fn remove_expired(&self) -> anyhow::Result<()> {
        let now = self.core.clock.now();
        self.core
            .db
            .write(async move |tx| {
                user_sessions::remove_expired(tx, now - IDLE_MAX, now - AGE_MAX).await?;
                user_links::remove_expired(tx, now).await?;
                sign_in_failures::remove_expired(tx, now - super::throttle::FORGOTTEN_AFTER).await?;
                Ok(())
            })
            .await
    }
}

fn is_alive(session: &UserSession, now: Timestamp) -> bool {
    now - IDLE_MAX <= session.last_seen_at && now - AGE_MAX <= session.created_at
}

/// A person, as the one who changes their own account.
pub(super) fn account_actor(user: &User) -> Actor {
    person(user.id, &user.email, Scope::Account)
}

pub(super) fn person(user: UserId, email: &str, scope: Scope) -> Actor {
    Actor::Person(Person { user, email: email.to_owned(), scope })
}

fn cut(browser: &Browser) -> Browser {
    let cut = |text: &String| text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS_MAX).collect();
    Browser { user_agent: browser.user_agent.as_ref().map(cut), ..browser.clone() }
}
