//! Mails an operator, who tries the mail server.

use super::letters;
use super::write::{Addressee, write_letter};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::mail::MailKind;
use crate::notifier::Work;
use crate::store::audit;
use crate::store::users::User;

/// Queues a letter that says that mail arrives.
pub async fn send_test_mail(core: &Core, actor: &Actor, to: &User) -> anyhow::Result<()> {
    let (core_then, actor, to, now) = (core.clone(), actor.clone(), to.clone(), core.clock.now());
    let write = async move |tx: &Tx| {
        let letter = letters::test(&core_then.config.base_url);
        let addressee = Addressee { user: Some(to.id), email: &to.email };
        write_letter(&core_then, tx, MailKind::Test, addressee, &letter).await?;
        let change = Change::new(Action::TestMail, Object::User(to.email.clone()));
        Ok(audit::record(tx, ProjectId::INSTANCE, &actor, &change, now).await?)
    };
    core.db.write(write).await?;
    core.notifier.notify(Work::Mails);
    Ok(())
}
