//! Signs a person in: by password, and by a code where they have a second factor.

use std::net::IpAddr;

use super::Accounts;
use super::second_factor::is_code_right;
use super::sessions::StartedSession;
use super::throttle::Sources;
use crate::domain::account::Email;
use crate::domain::seal::Place;
use crate::domain::time::{SignedDuration, Timestamp, from_microseconds};
use crate::store::user_sessions::{self, Browser};
use crate::store::users;
use crate::store::users::User;

/// How long after the password the code has to come.
const TICKET_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Where an attempt comes from.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The client's address.
    pub ip: IpAddr,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// The cookie by which a browser is known that somebody signed in with before.
    pub known_browser: Option<String>,
}

impl Remote {
    pub(super) fn browser(&self) -> Browser {
        Browser { ip_address: Some(self.ip.to_string()), user_agent: self.user_agent.clone() }
    }
}

/// What follows a right password.
#[derive(Clone, Debug)]
pub enum Next {
    /// They are signed in.
    SignedIn(StartedSession),
    /// They have a second factor: the ticket comes back with the code.
    CodeWanted {
        /// Says, sealed, whose password was right, and until when that counts.
        ticket: String,
    },
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// Address and password do not belong together. Which of them is wrong is not said.
    #[error("the e-mail address or the password is wrong")]
    WrongPassword,
    /// The code is wrong, or was used before.
    #[error("this code is wrong, or it was used before: wait for the next one")]
    WrongCode,
    /// The password was right too long ago.
    #[error("this took too long: sign in again")]
    TooLate,
    /// After too many failures.
    #[error("after this many failed attempts, wait {seconds} s before the next one")]
    Wait {
        /// Seconds until the next attempt.
        seconds: i64,
    },
    /// The attempt could not be looked at.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Accounts {
    /// Checks a password.
    pub async fn sign_in(&self, email: &str, password: &str, from: &Remote) -> Result<Next, SignInRefused> {
        let email = Email::parse(email).ok();
        let user = match email.clone() {
            Some(email) => self.core.db.read(async move |conn| Ok(users::find_by_email(conn, &email).await?)).await?,
            None => None,
        };
        let named = email.as_ref().map_or("", Email::as_str);
        let sources = self.sources(named, user.as_ref(), from.ip, from.known_browser.as_deref());
        self.begin(&sources).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let is_right = self.hasher.verify(hash, password).await?;
        match user.filter(|_| is_right) {
            None => Err(SignInRefused::WrongPassword),
            Some(user) if user.sealed_totp.is_some() => {
                // The password alone forgets no failure: it would make guesses at the code free.
                self.core.db.write(async move |tx| Self::take_back(tx, &sources).await).await?;
                Ok(Next::CodeWanted { ticket: self.ticket(&user) })
            }
            Some(user) => Ok(Next::SignedIn(self.admit(user, sources, from).await?)),
        }
    }

    /// Checks the code of a second factor, or one of the recovery codes, after a right password.
    pub async fn sign_in_with_code(
        &self,
        ticket: &str,
        code: &str,
        from: &Remote,
    ) -> Result<StartedSession, SignInRefused> {
        let public_id = self.holder(ticket).ok_or(SignInRefused::TooLate)?;
        let user = self.core.db.read(async move |conn| Ok(users::find_public(conn, &public_id).await?)).await?;
        let user = user.ok_or(SignInRefused::TooLate)?;
        let sources = self.sources(&user.email, Some(&user), from.ip, from.known_browser.as_deref());
        self.begin(&sources).await?;
        if !self.use_code(&user, code).await? {
            return Err(SignInRefused::WrongCode);
        }
        Ok(self.admit(user, sources, from).await?)
    }

    /// Checks the password, or a code of the second factor, of somebody who is signed in, before they do what needs that.
    pub async fn confirm(
        &self,
        session: &user_sessions::UserSession,
        user: &User,
        secret: &str,
        from: &Remote,
    ) -> Result<(), SignInRefused> {
        let sources = self.sources(&user.email, Some(user), from.ip, from.known_browser.as_deref());
        self.begin(&sources).await?;
        let is_right =
            self.use_code(user, secret).await? || self.hasher.verify(user.password_hash.clone(), secret).await?;
        if !is_right {
            return Err(SignInRefused::WrongPassword);
        }
        let (session, now) = (session.id, self.core.clock.now());
        let confirmed = self.core.db.write(async move |tx| {
            Self::take_back(tx, &sources).await?;
            Ok(user_sessions::confirm(tx, session, now).await?)
        });
        confirmed.await?;
        Ok(())
    }

    async fn begin(&self, sources: &Sources) -> Result<(), SignInRefused> {
        match self.begin_attempt(sources).await? {
            Some(wait) => Err(SignInRefused::Wait { seconds: wait.as_secs() + 1 }),
            None => Ok(()),
        }
    }

    /// Whether a code is right now. It is not right again.
    pub(super) async fn use_code(&self, user: &User, code: &str) -> anyhow::Result<bool> {
        let Some(sealed) = &user.sealed_totp else { return Ok(false) };
        let secret = self.core.seal.open(Place::SecondFactor(&user.public_id), sealed)?;
        let step = is_code_right(&secret, code, self.core.clock.now());
        let (user, recovery) = (user.id, super::hash(&super::second_factor::recovery_code(code)));
        self.core
            .db
            .write(async move |tx| match step {
                Some(step) => Ok(users::use_totp_step(tx, user, step).await?),
                None => Ok(users::use_recovery_code(tx, user, &recovery).await?),
            })
            .await
    }

    async fn admit(&self, user: User, sources: Sources, from: &Remote) -> anyhow::Result<StartedSession> {
        let (token, browser, now) = (self.new_token(), from.browser(), self.core.clock.now());
        let core = self.core.clone();
        self.core
            .db
            .write(async move |tx| {
                Self::forget_failures(tx, &sources).await?;
                Self::start_session(&core, tx, &user, token, &browser, now).await
            })
            .await
    }

    fn ticket(&self, user: &User) -> String {
        let expires_at = self.core.clock.now() + TICKET_LIFETIME;
        self.core.seal.seal(Place::SignInTicket, &format!("{} {}", user.public_id, expires_at.as_microsecond()))
    }

    /// Whose password was right, where that still counts.
    fn holder(&self, ticket: &str) -> Option<String> {
        let text = self.core.seal.open(Place::SignInTicket, ticket).ok()?;
        let (public_id, expires_at) = text.split_once(' ')?;
        let expires_at: Timestamp = from_microseconds(expires_at.parse().ok()?);
        (self.core.clock.now() < expires_at).then(|| public_id.to_owned())
    }
}
