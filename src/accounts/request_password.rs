//! Mails a link for a new password to whoever asks for one. What is answered, and when, says nothing of who has an account.

use std::time::Duration;

use super::sign_in::Remote;
use super::throttle::Asked;
use super::{Accounts, hash};
use crate::accounts::links::PASSWORD_LIFETIME;
use crate::db::Tx;
use crate::domain::account::Email;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::mail::MailKind;
use crate::domain::time::Clock;
use crate::mails::{self, Addressee};
use crate::notifier::Work;
use crate::store::audit;
use crate::store::user_links::{self, Purpose};
use crate::store::users::{self, User};

/// How long an answer takes at least: longer than the work for an address that has an account.
const ANSWERED_AFTER: Duration = Duration::from_millis(400);

/// Why no request was taken.
#[derive(Debug, thiserror::Error)]
pub enum RequestRefused {
    /// Nothing can be sent.
    #[error("no mail server is configured")]
    NoMail,
    /// Too many requests come from there, for whatever address.
    #[error("after this many requests, wait {seconds} s before the next one")]
    Wait {
        /// Seconds until the next request.
        seconds: i64,
    },
    /// The request could not be looked at.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Accounts {
    /// Mails a link to the account of that address, where there is one. Links from before stay good until one is used: nobody can
    /// take another's away by asking.
    pub async fn request_password(&self, email: &Email, from: &Remote) -> Result<(), RequestRefused> {
        if self.core.mailer.is_none() {
            return Err(RequestRefused::NoMail);
        }
        // Real time, whatever a test's clock says: it is what somebody would measure.
        let (asked, ()) = tokio::join!(self.write_link(email, from), Clock::System.sleep(ANSWERED_AFTER));
        match asked? {
            Asked::Wait(wait) => Err(RequestRefused::Wait { seconds: wait.as_secs() + 1 }),
            Asked::Again | Asked::Anew => Ok(()),
        }
    }

    async fn write_link(&self, email: &Email, from: &Remote) -> anyhow::Result<Asked> {
        let (accounts, email, ip, now) = (self.clone(), email.clone(), from.ip, self.core.clock.now());
        let write = async move |tx: &Tx| {
            let asked = Self::count_request(tx, ip, email.as_str(), now).await?;
            if asked == Asked::Anew
                && let Some(user) = users::find_by_email(tx, &email).await?
            {
                accounts.mail_link(tx, &user).await?;
            }
            Ok(asked)
        };
        let asked = self.core.db.write(write).await?;
        self.core.notifier.notify(Work::Mails);
        Ok(asked)
    }

    async fn mail_link(&self, tx: &Tx, user: &User) -> anyhow::Result<()> {
        let (token, now) = (self.new_token(), self.core.clock.now());
        let expires_at = now + PASSWORD_LIFETIME;
        user_links::insert(tx, &Purpose::Password(user.id), &hash(&token), now, expires_at).await?;
        let letter = mails::new_password(&self.core.config.base_url, &self.url("reset", &token));
        let to = Addressee { user: Some(user.id), email: &user.email };
        mails::write_letter(&self.core, tx, MailKind::Password, to, &letter).await?;
        let change = Change::new(Action::CreateLink, Object::User(user.email.clone()));
        let change = change.with(serde_json::json!({"by_mail": true}));
        Ok(audit::record(tx, ProjectId::INSTANCE, &Actor::System, &change, now).await?)
    }
}
