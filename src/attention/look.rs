//! Opens items for what is wrong, and closes those that are mended.

use super::addresses;
use super::disks::{self, backup_item};
use super::tell::tell;
use super::tokens;
use super::wording;
use crate::core::Core;
use crate::db::{Conn, Tx};
use crate::domain::attention::AttentionKind;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::attention::{self as items, AttentionItem, NewItem};
use crate::store::attention_ahead as ahead;
use crate::store::attention_facts::{self as facts, MendedItem};
use crate::store::channel_troubles;

/// How long a webhook fails before it needs a person.
const FAILING_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How long a widget has no click.
const SILENT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// A widget whose last click is older was taken down.
const TAKEN_DOWN_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// For how long people count who followed a link that was paused.
const FOLLOWED_FOR: SignedDuration = SignedDuration::from_hours(48);
/// So many of them are worth a look.
const FOLLOWED_MIN: i64 = 5;
/// Orders of a certificate that failed in a row: one may be an accident.
const ORDERS_MIN: i64 = 3;
/// A certificate that was not ordered for so long is nobody's any more.
const ORDERED_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// How long before its end a token, or a certificate, is to be replaced.
const EXPIRES_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Items of one transaction that are opened, and that are closed.
const BATCH_MAX: u32 = 50;
/// Open items of one kind whose kind is compared as a whole.
const OPEN_MAX: u32 = 10_000;
/// Transactions for one kind in one look: the next look goes on.
const BATCHES_MAX: usize = 100;

/// What a look found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Items that were opened.
    pub opened: usize,
    /// Items that were closed.
    pub closed: usize,
}

/// What is to be done about a kind.
#[derive(Default)]
struct Changes {
    open: Vec<NewItem>,
    close: Vec<MendedItem>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.close.is_empty()
    }

    fn is_full(&self) -> bool {
        self.open.len().max(self.close.len()) >= BATCH_MAX as usize
    }
}

/// Looks once at everything.
pub async fn look(core: &Core) -> anyhow::Result<Looked> {
    let mut all = Looked::default();
    for kind in AttentionKind::ALL {
        for _ in 0..BATCHES_MAX {
            let now = core.clock.now();
            // Most looks find nothing: they write nothing, either.
            let found = core.db.read(async move |conn| changes(conn, kind, now).await).await?;
            if found.is_empty() {
                break;
            }
            let core_then = core.clone();
            let looked = core.db.write(async move |tx| apply(&core_then, tx, kind, now).await).await?;
            all.opened += looked.opened;
            all.closed += looked.closed;
            if !found.is_full() {
                break;
            }
        }
    }
    if all != Looked::default() {
        core.notifier.notify(Work::Deliveries);
        core.notifier.notify(Work::Mails);
    }
    Ok(all)
}

/// What is wrong is read again, behind the lock: another node may have been first.
async fn apply(core: &Core, tx: &Tx, kind: AttentionKind, now: Timestamp) -> anyhow::Result<Looked> {
    items::lock(tx).await?;
    let found = changes(tx, kind, now).await?;
    let mut looked = Looked::default();
    for new in &found.open {
        let Some(item) = items::open(tx, new, now).await? else { continue };
        tracing::info!(project = %item.project, kind = kind.as_str(), subject = item.subject, "attention needed");
        tell(core, tx, &item, now).await?;
        looked.opened += 1;
    }
    for MendedItem { item, is_worse } in found.close {
        if !items::close(tx, item.project, item.id, now).await? {
            continue;
        }
        tracing::info!(project = %item.project, kind = kind.as_str(), subject = item.subject, "attention not needed any more");
        if !is_worse {
            tell(core, tx, &AttentionItem { closed_at: Some(now), ..item }, now).await?;
        }
        looked.closed += 1;
    }
    Ok(looked)
}

async fn changes(conn: &Conn, kind: AttentionKind, now: Timestamp) -> anyhow::Result<Changes> {
    Ok(match kind {
        AttentionKind::WebhookOff => Changes {
            open: facts::webhooks_off(conn, now, BATCH_MAX).await?.into_iter().map(wording::webhook_off).collect(),
            close: facts::webhooks_on(conn, BATCH_MAX).await?,
        },
        AttentionKind::WebhookFailing => {
            let since = now - FAILING_FOR;
            let failing = facts::webhooks_failing(conn, since, BATCH_MAX).await?;
            Changes {
                open: failing.into_iter().map(wording::webhook_failing).collect(),
                close: facts::webhooks_answering(conn, since, BATCH_MAX).await?,
            }
        }
        AttentionKind::ChannelFault => Changes {
            open: facts::channels_at_fault(conn, now, BATCH_MAX)
                .await?
                .into_iter()
                .map(wording::channel_fault)
                .collect(),
            close: facts::channels_mended(conn, now, BATCH_MAX).await?,
        },
        AttentionKind::ChannelInbound => Changes {
            open: facts::channels_astray(conn, now, BATCH_MAX)
                .await?
                .into_iter()
                .map(wording::channel_inbound)
                .collect(),
            close: facts::channels_found(conn, now, BATCH_MAX).await?,
        },
        AttentionKind::ChannelTrouble => Changes {
            open: channel_troubles::unopened(conn, now, BATCH_MAX)
                .await?
                .into_iter()
                .map(wording::channel_trouble)
                .collect(),
            close: channel_troubles::mended(conn, now, BATCH_MAX).await?,
        },
        AttentionKind::PeopleWaiting => Changes {
            open: facts::people_waiting(conn, now, BATCH_MAX).await?.iter().map(wording::people_waiting).collect(),
            close: facts::people_answered(conn, now, BATCH_MAX).await?,
        },
        AttentionKind::WidgetSilent => {
            let between = (now - TAKEN_DOWN_AFTER, now - SILENT_FOR);
            let silent = facts::widgets_silent(conn, between, BATCH_MAX).await?;
            Changes {
                open: silent.into_iter().map(wording::widget_silent).collect(),
                close: facts::widgets_clicked(conn, between, BATCH_MAX).await?,
            }
        }
        AttentionKind::AddressMacro | AttentionKind::AddressLost => {
            to_be_open(conn, kind, addresses::wrong(conn, kind, now).await?).await?
        }
        AttentionKind::LinkPaused => links_paused(conn, now).await?,
        AttentionKind::TokenAgeing => tokens_ageing(conn, now).await?,
        AttentionKind::TokensLow => to_be_open(conn, kind, tokens::low(conn, now).await?).await?,
        AttentionKind::DiskFull => to_be_open(conn, kind, disks::full(conn, now).await?).await?,
        AttentionKind::CertificateAgeing => to_be_open(conn, kind, certificates_ageing(conn, now).await?).await?,
        AttentionKind::BackupOld => to_be_open(conn, kind, backup_item(conn, now).await?.into_iter().collect()).await?,
    })
}

async fn links_paused(conn: &Conn, now: Timestamp) -> anyhow::Result<Changes> {
    let since = now - FOLLOWED_FOR;
    let followed = ahead::links_followed(conn, (since, FOLLOWED_MIN), BATCH_MAX).await?;
    Ok(Changes {
        open: followed.into_iter().map(wording::link_paused).collect(),
        close: ahead::links_left(conn, since, BATCH_MAX).await?,
    })
}

async fn tokens_ageing(conn: &Conn, now: Timestamp) -> anyhow::Result<Changes> {
    let until = now + EXPIRES_WITHIN;
    let ageing = ahead::tokens_ageing(conn, until, BATCH_MAX).await?;
    Ok(Changes {
        open: ageing.into_iter().map(|channel| wording::token_ageing(channel, now)).collect(),
        close: ahead::tokens_renewed(conn, until, BATCH_MAX).await?,
    })
}

async fn certificates_ageing(conn: &Conn, now: Timestamp) -> anyhow::Result<Vec<NewItem>> {
    let ageing = ahead::certificates_ageing(conn, (now - ORDERED_WITHIN, now + EXPIRES_WITHIN), ORDERS_MIN).await?;
    Ok(ageing.iter().map(|one| wording::certificate_ageing(one, now)).collect())
}

/// There are few of them: all that should be open are given.
async fn to_be_open(conn: &Conn, kind: AttentionKind, wanted: Vec<NewItem>) -> anyhow::Result<Changes> {
    let open = items::open_of_kind(conn, kind, OPEN_MAX).await?;
    let is_of = |item: &AttentionItem, new: &NewItem| (item.project, &item.subject) == (new.project, &new.subject);
    let is_open = |new: &NewItem| open.iter().any(|item| is_of(item, new));
    let is_wanted = |item: &AttentionItem| wanted.iter().any(|new| is_of(item, new));
    Ok(Changes {
        close: open
            .iter()
            .filter(|item| !is_wanted(item))
            .take(BATCH_MAX as usize)
            .map(|item| MendedItem { item: item.clone(), is_worse: false })
            .collect(),
        open: wanted.iter().filter(|new| !is_open(new)).take(BATCH_MAX as usize).cloned().collect(),
    })
}
