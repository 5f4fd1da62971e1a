//! Writes mails, in the transaction of what they tell.

use crate::core::Core;
use crate::db::Tx;
use crate::domain::ids::{AttentionId, UserId};
use crate::domain::mail::MailKind;
use crate::domain::seal::Place;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::smtp::Letter;
use crate::store::mails::{self, NewMail};

/// For so long a mail collects what it tells.
const COLLECTS_FOR: SignedDuration = SignedDuration::from_secs(60);

/// Whom a letter is for.
#[derive(Clone, Copy, Debug)]
pub struct Addressee<'a> {
    /// Their account, where they have one.
    pub user: Option<UserId>,
    /// Their address.
    pub email: &'a str,
}

/// Queues a letter; does nothing where there is no mail server. Notify of mails after the commit.
pub async fn write_letter(
    core: &Core,
    tx: &Tx,
    kind: MailKind,
    to: Addressee<'_>,
    letter: &Letter,
) -> anyhow::Result<()> {
    if core.mailer.is_none() {
        return Ok(());
    }
    let (public_id, now) = (core.random.uuid().to_string(), core.clock.now());
    let sealed = core.seal.seal(Place::Letter(&public_id), &serde_json::to_string(letter)?);
    let new = NewMail {
        public_id: &public_id,
        kind,
        user: to.user,
        recipient: to.email,
        sealed_letter: Some(&sealed),
        due_at: now,
    };
    mails::insert(tx, &new, now).await?;
    Ok(())
}

/// Tells a person in their next letter that an item was opened, or closed. Does nothing where there is no mail server.
pub async fn tell(
    core: &Core,
    tx: &Tx,
    (user, email): (UserId, &str),
    (item, is_closed): (AttentionId, bool),
    now: Timestamp,
) -> anyhow::Result<()> {
    if core.mailer.is_none() {
        return Ok(());
    }
    let new = NewMail {
        public_id: &core.random.uuid().to_string(),
        kind: MailKind::Attention,
        user: Some(user),
        recipient: email,
        sealed_letter: None,
        due_at: now + COLLECTS_FOR,
    };
    let mail = mails::collecting(tx, user, &new, now).await?;
    mails::add_attention(tx, mail, item, is_closed).await?;
    Ok(())
}
