//! Layer 5: the entry point for time. Supervised loops claim what is due and call use cases: turns of the agent, replies,
//! deliveries, and maintenance. None delays another, and none holds a transaction while it waits for the network.

mod certificates;
mod claim_loop;
mod peers;

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Span;

use crate::attention::{look, remove_old_attention, report_disks};
use crate::clicks::automated_requests;
use crate::clicks::replay::replay;
use crate::clicks::widget_sightings;
use crate::conversations::Turn;
use crate::conversations::abandon::abandon_due;
use crate::conversations::announce_lead::announce_due;
use crate::conversations::fetch_media::{claim_media, fetch_medium, next_medium_due, settle_medium};
use crate::conversations::found_by::index_old_leads;
use crate::conversations::nudge::nudge_due;
use crate::conversations::send_reply::{Reply, claim_replies, next_reply_due, send_reply, settle_reply};
use crate::conversations::take_turn::{claim_turns, next_turn_due, take_turn};
use crate::conversations::unanswered::look_after_unanswered;
use crate::core::Core;
use crate::counts::clicks::count_noted;
use crate::counts::recount;
use crate::deliveries::dispatcher;
use crate::deliveries::reschedule::ClockWatch;
use crate::deliveries::resend_matching::run_slice;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::mails::{claim_mails, next_mail_due, remove_old_mails, send_mail, settle_mail};
use crate::maintenance::make_partitions::make_partitions;
use crate::maintenance::remove_old_answers::remove_old_answers;
use crate::maintenance::remove_old_counts::remove_old_counts;
use crate::maintenance::retention::remove_expired;
use crate::notifier::Work;
use crate::projects::watch_channels::watch_channels;
use crate::store::mails::LeasedMail;
use crate::store::media::LeasedMedium;

/// How often every loop looks for work that nobody notified of.
const TICK: Duration = Duration::from_secs(1);
/// How long between two looks at least: a burst of messages notifies thousands of times a second.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often spooled clicks are replayed and counters are stored.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(5);
/// How often the retention job runs.
const RETENTION_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// How often it is looked at what needs attention.
const ATTENTION_INTERVAL: Duration = Duration::from_secs(5);
/// How often it is looked which channels' platforms are to be asked.
const CHANNELS_INTERVAL: Duration = Duration::from_secs(5);
/// Looks after which a node says again how full its disks are.
const LOOKS_PER_REPORT: u32 = 12;
/// Mails that are sent at once.
const MAILS_MAX: usize = 4;
/// Media that are fetched at once: each is in memory meanwhile.
const MEDIA_MAX: usize = 4;
/// Turns that are taken at once.
const TURNS_MAX: usize = 32;
/// Replies that are sent at once.
const REPLIES_MAX: usize = 32;

/// Runs until `stop` says so, then ends what is in flight.
pub async fn run(engines: Engines, stop: watch::Receiver<bool>) {
    let mut loops = JoinSet::new();
    let supervise = |name, start: Start| supervise(name, engines.clone(), stop.clone(), start);
    loops.spawn(supervise("turns", |engines, stop| claim_loop::run(engines, stop, TURNS_MAX, Turns).boxed()));
    loops.spawn(supervise("replies", |engines, stop| claim_loop::run(engines, stop, REPLIES_MAX, Replies).boxed()));
    loops.spawn(supervise("deliveries", |engines, stop| dispatcher::run(engines.deliveries.clone(), stop).boxed()));
    loops.spawn(supervise("announcements", |engines, stop| run_announcements(engines, stop).boxed()));
    loops.spawn(supervise("silences", |engines, stop| run_silences(engines, stop).boxed()));
    loops.spawn(supervise("unanswered", |engines, stop| run_unanswered(engines, stop).boxed()));
    loops.spawn(supervise("attention", |engines, stop| run_attention(engines, stop).boxed()));
    loops.spawn(supervise("channels", |engines, stop| run_channels(engines, stop).boxed()));
    loops.spawn(supervise("media", |engines, stop| claim_loop::run(engines, stop, MEDIA_MAX, Media).boxed()));
    loops.spawn(supervise("mails", |engines, stop| claim_loop::run(engines, stop, MAILS_MAX, Mails).boxed()));
    loops.spawn(supervise("counts", |engines, stop| run_counts(engines, stop).boxed()));
    loops.spawn(supervise("clock", |engines, stop| run_clock(engines, stop).boxed()));
    loops.spawn(supervise("peers", |engines, stop| peers::run(engines.core.clone(), stop).boxed()));
    loops.spawn(supervise("retention", |engines, stop| run_retention(engines, stop).boxed()));
    loops.spawn(supervise("resends", |engines, stop| run_resends(engines, stop).boxed()));
    loops.spawn(supervise("maintenance", |engines, stop| run_maintenance(engines, stop).boxed()));
    if engines.certificates.is_some() {
        loops.spawn(supervise("certificates", |engines, stop| certificates::run(engines, stop).boxed()));
    }
    while loops.join_next().await.is_some() {}
}

/// Starts a loop.
type Start = fn(Engines, watch::Receiver<bool>) -> BoxFuture<'static, ()>;

/// Runs a loop until it ends. One that panics is started again: what it held is due again when its leases expire.
async fn supervise(name: &'static str, engines: Engines, mut stop: watch::Receiver<bool>, start: Start) {
    loop {
        engines.readiness.set_loop(name, true);
        let Err(error) = tokio::spawn(start(engines.clone(), stop.clone())).await else { break };
        engines.readiness.set_loop(name, false);
        tracing::error!(name, %error, "background loop panicked; it is started again");
        if tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
    engines.readiness.set_loop(name, false);
}

/// Tells webhooks of leads that went silent or stopped changing.
async fn run_announcements(engines: Engines, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_err() {
        if let Err(error) = announce_due(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "leads not announced yet");
        }
    }
}

/// Asks people once more who went silent, and tells webhooks of leads that are abandoned.
async fn run_silences(engines: Engines, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_err() {
        if let Err(error) = nudge_due(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "people who went silent not nudged yet");
        }
        if let Err(error) = abandon_due(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "abandoned leads not told of yet");
        }
    }
}

/// Looks after people whom nobody answers.
async fn run_unanswered(engines: Engines, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_err() {
        if let Err(error) = look_after_unanswered(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "people whom nobody answers not looked after yet");
        }
    }
}

/// Opens and closes items for what needs attention, and says how full this node's disks are.
async fn run_attention(engines: Engines, mut stop: watch::Receiver<bool>) {
    let mut looks = 0;
    loop {
        if looks % LOOKS_PER_REPORT == 0
            && let Err(error) = report_disks(&engines.core).await
        {
            tracing::warn!(error = %format!("{error:#}"), "how full the disks are not stored");
        }
        looks = looks.wrapping_add(1);
        if let Err(error) = look(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "what needs attention not looked at yet");
        }
        if tokio::time::timeout(ATTENTION_INTERVAL, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Looks whether platforms still send here what people write.
async fn run_channels(engines: Engines, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(CHANNELS_INTERVAL, stop.wait_for(|stop| *stop)).await.is_err() {
        if let Err(error) = watch_channels(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "platforms not asked yet where messages go");
        }
    }
}

/// Looks again at due times after the clock was set back.
async fn run_clock(engines: Engines, mut stop: watch::Receiver<bool>) {
    let mut clock = ClockWatch::default();
    loop {
        if let Err(error) = clock.look(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "due times not looked at yet");
        }
        if tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Transactions that count clicks in one look.
const COUNTED_IN_A_LOOK: usize = 50;

/// Counts the clicks that were noted, and what is to be counted anew: all of it in another time zone, and what is older than counts.
async fn count_on(core: &Core) -> anyhow::Result<bool> {
    let mut is_behind = true;
    for _ in 0..COUNTED_IN_A_LOOK {
        is_behind = count_noted(core).await?;
        if !is_behind {
            break;
        }
    }
    Ok(recount::go_on(core).await? || is_behind)
}

/// Counts what is not counted yet, slice by slice.
async fn run_counts(engines: Engines, mut stop: watch::Receiver<bool>) {
    let mut pause = LOOK_EVERY;
    while tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        pause = match count_on(&engines.core).await {
            Ok(true) => LOOK_EVERY,
            Ok(false) => TICK,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "clicks and leads not counted yet");
                TICK
            }
        };
    }
}

/// Makes due what jobs resend, slice by slice.
async fn run_resends(engines: Engines, mut stop: watch::Receiver<bool>) {
    let mut pause = TICK;
    while tokio::time::timeout(pause, stop.wait_for(|stop| *stop)).await.is_err() {
        pause = match run_slice(&engines.core).await {
            Ok(true) => LOOK_EVERY,
            Ok(false) => TICK,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "deliveries not resent yet");
                TICK
            }
        };
    }
}

/// Replays spooled clicks and stores counters.
async fn run_maintenance(engines: Engines, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::time::timeout(MAINTENANCE_INTERVAL, stop.wait_for(|stop| *stop)).await.is_ok();
        if let Err(error) = automated_requests::store(&engines.clicks).await {
            tracing::warn!(error = %format!("{error:#}"), "counters of automated requests not stored yet");
        }
        if let Err(error) = widget_sightings::store(&engines.clicks).await {
            tracing::warn!(error = %format!("{error:#}"), "sightings of widgets not stored");
        }
        if stopping {
            return;
        }
        if let Err(error) = replay(&engines.clicks).await {
            tracing::warn!(error = %format!("{error:#}"), "click spool not replayed yet");
        }
        index_leads(&engines, &stop).await;
    }
}

/// Lets leads be found that are older than the search.
async fn index_leads(engines: &Engines, stop: &watch::Receiver<bool>) {
    while !*stop.borrow() {
        match index_old_leads(&engines.core).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(error = %format!("{error:#}"), "old leads not found by their words yet");
                return;
            }
        }
    }
}

/// Creates the partitions of the next weeks, and removes what is past its retention.
async fn run_retention(engines: Engines, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = make_partitions(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "creating partitions failed");
        }
        if let Err(error) = engines.accounts.remove_expired().await {
            tracing::warn!(error = %format!("{error:#}"), "ended sessions not removed yet");
        }
        if let Err(error) = remove_old_counts(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "old counts not removed yet");
        }
        if let Err(error) = remove_old_answers(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "old answers of the API not removed yet");
        }
        if let Err(error) = remove_old_mails(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "old mails not removed yet");
        }
        if let Err(error) = remove_old_attention(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "what needed attention long ago not removed yet");
        }
        let asked = stop.clone();
        if let Err(error) = remove_expired(&engines.core, move || *asked.borrow()).await {
            tracing::warn!(error = %format!("{error:#}"), "retention job failed");
        }
        if tokio::time::timeout(RETENTION_INTERVAL, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Turns of the agent.
struct Turns;

impl claim_loop::ClaimLoop for Turns {
    type Item = Turn;
    const WORK: Work = Work::Turns;
    const NAME: &'static str = "turn";

    async fn claim(engines: &Engines, most: u32) -> anyhow::Result<Vec<Turn>> {
        claim_turns(&engines.core, most).await
    }
    async fn next_due(engines: &Engines) -> anyhow::Result<Option<Timestamp>> {
        next_turn_due(&engines.core).await
    }
    fn span(turn: &Turn) -> Span {
        tracing::info_span!("turn", conversation_id = turn.leased.lease.conversation.0, attempt = turn.leased.attempt)
    }
    async fn work(engines: Engines, turn: Turn) -> anyhow::Result<()> {
        take_turn(&engines.conversations, turn).await
    }
}

/// Replies to send.
struct Replies;

impl claim_loop::ClaimLoop for Replies {
    type Item = Reply;
    const WORK: Work = Work::Replies;
    const NAME: &'static str = "reply";

    async fn claim(engines: &Engines, most: u32) -> anyhow::Result<Vec<Reply>> {
        claim_replies(&engines.core, most).await
    }
    async fn next_due(engines: &Engines) -> anyhow::Result<Option<Timestamp>> {
        next_reply_due(&engines.core).await
    }
    fn span(reply: &Reply) -> Span {
        reply.span()
    }
    async fn work(engines: Engines, reply: Reply) -> anyhow::Result<()> {
        let Some(settled) = send_reply(&engines.core, reply).await? else { return Ok(()) };
        engines.core.settle_persistently(|| settle_reply(&engines.conversations, &settled)).await
    }
}

/// Media to fetch.
struct Media;

impl claim_loop::ClaimLoop for Media {
    type Item = LeasedMedium;
    const WORK: Work = Work::Media;
    const NAME: &'static str = "medium";

    async fn claim(engines: &Engines, most: u32) -> anyhow::Result<Vec<LeasedMedium>> {
        claim_media(&engines.core, most).await
    }
    async fn next_due(engines: &Engines) -> anyhow::Result<Option<Timestamp>> {
        next_medium_due(&engines.core).await
    }
    fn span(medium: &LeasedMedium) -> Span {
        tracing::info_span!("medium", message_id = medium.message.0, attempt = medium.attempt)
    }
    async fn work(engines: Engines, medium: LeasedMedium) -> anyhow::Result<()> {
        let outcome = fetch_medium(&engines.core, &medium).await?;
        engines.core.settle_persistently(|| settle_medium(&engines.core, &medium, &outcome)).await
    }
}

/// Mails to send.
struct Mails;

impl claim_loop::ClaimLoop for Mails {
    type Item = LeasedMail;
    const WORK: Work = Work::Mails;
    const NAME: &'static str = "mail";

    async fn claim(engines: &Engines, most: u32) -> anyhow::Result<Vec<LeasedMail>> {
        claim_mails(&engines.core, most).await
    }
    async fn next_due(engines: &Engines) -> anyhow::Result<Option<Timestamp>> {
        next_mail_due(&engines.core).await
    }
    fn span(mail: &LeasedMail) -> Span {
        tracing::info_span!("mail", mail_id = mail.id.0, attempt = mail.attempt)
    }
    async fn work(engines: Engines, mail: LeasedMail) -> anyhow::Result<()> {
        let settled = send_mail(&engines.core, &mail).await?;
        engines.core.settle_persistently(|| settle_mail(&engines.core, &settled)).await
    }
}
