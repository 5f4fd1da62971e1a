//! Sends a mail that is due: claimed with a lease, sent outside of any transaction, settled behind the number of its attempt.

use std::sync::LazyLock;

use super::digest::digest;
use crate::core::Core;
use crate::domain::mail::{MailStatus, WAITS};
use crate::domain::retry::Schedule;
use crate::domain::seal::Place;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::smtp::{Letter, MailFailed, Outgoing};
use crate::store::mails::{self, LeasedMail, Settlement};

/// How long a claimed mail is left alone: longer than an attempt can take.
const LEASE: SignedDuration = SignedDuration::from_mins(3);

static SCHEDULE: LazyLock<Schedule> = LazyLock::new(|| Schedule::parse(WAITS).unwrap_or_default());

/// How the attempt of a mail went, to be stored.
#[derive(Clone, Debug)]
pub struct SettledMail(Settlement);

/// Claims up to `most` mails that are due; none where there is no mail server.
pub async fn claim_mails(core: &Core, most: u32) -> anyhow::Result<Vec<LeasedMail>> {
    if core.mailer.is_none() {
        return Ok(Vec::new());
    }
    let now = core.clock.now();
    // Most looks find nothing: they commit nothing, either.
    let due = core.db.read(async move |conn| Ok(mails::has_due(conn, now).await?)).await?;
    if !due {
        return Ok(Vec::new());
    }
    core.db.write(async move |tx| Ok(mails::claim(tx, now, now + LEASE, most).await?)).await
}

/// When the next mail falls due that is not due now.
pub async fn next_mail_due(core: &Core) -> anyhow::Result<Option<Timestamp>> {
    let now = core.clock.now();
    core.db.read(async move |conn| Ok(mails::next_due(conn, now).await?)).await
}

/// Makes one attempt.
pub async fn send_mail(core: &Core, mail: &LeasedMail) -> anyhow::Result<SettledMail> {
    let Some(letter) = letter_of(core, mail).await? else {
        return Ok(settled(core, mail, MailStatus::Cancelled, None));
    };
    let Some(mailer) = &core.mailer else { anyhow::bail!("there is no mail server any more") };
    let outgoing = Outgoing { id: &mail.public_id, to: &mail.recipient, written_at: mail.created_at, letter: &letter };
    Ok(match mailer.send(outgoing).await {
        Ok(()) => {
            tracing::debug!(kind = mail.kind.as_str(), attempt = mail.attempt, "mail sent");
            settled(core, mail, MailStatus::Sent, None)
        }
        Err(error) => {
            tracing::warn!(kind = mail.kind.as_str(), attempt = mail.attempt, %error, "mail not sent");
            let is_final = matches!(error, MailFailed::Recipient(_));
            let status = if is_final { MailStatus::Failed } else { MailStatus::Pending };
            settled(core, mail, status, Some(error.to_string()))
        }
    })
}

async fn letter_of(core: &Core, mail: &LeasedMail) -> anyhow::Result<Option<Letter>> {
    match (&mail.sealed_letter, mail.user) {
        (Some(sealed), _) => {
            let opened = core.seal.open(Place::Letter(&mail.public_id), sealed)?;
            Ok(Some(serde_json::from_str(&opened)?))
        }
        (None, Some(user)) => digest(core, mail, user).await,
        (None, None) => Ok(None),
    }
}

/// What becomes of a mail: one that is to be tried again and has no attempt left has failed.
fn settled(core: &Core, mail: &LeasedMail, status: MailStatus, error: Option<String>) -> SettledMail {
    let next = || SCHEDULE.next(mail.attempt, core.clock.now(), core.random.fraction(), None);
    let due_at = if status == MailStatus::Pending { next() } else { None };
    let is_over = status == MailStatus::Pending && due_at.is_none();
    let status = if is_over { MailStatus::Failed } else { status };
    SettledMail(Settlement { id: mail.id, attempt: mail.attempt, status, due_at, error })
}

/// Stores how an attempt went, unless the mail was claimed again meanwhile.
pub async fn settle_mail(core: &Core, settled: &SettledMail) -> anyhow::Result<()> {
    let (settlement, now) = (settled.0.clone(), core.clock.now());
    core.db.write(async move |tx| Ok(mails::settle(tx, &settlement, now).await?)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_nine_times_within_about_a_day() {
        let waits = SCHEDULE.waits();
        assert_eq!(waits.len(), 8);
        let hours = waits.iter().sum::<std::time::Duration>().as_secs() / 3_600;
        assert!((20..24).contains(&hours), "{hours}");
    }
}
