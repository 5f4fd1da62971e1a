//! Layer 5: the door of time. Four lanes claim what is due and call flows: turns of the agent, replies, deliveries, and
//! house work. None holds up another, and none holds a transaction while it waits for the network.

mod lane;
mod peers;

use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Span;

use crate::clicks::automated_requests;
use crate::clicks::replay::replay;
use crate::conversations::Turn;
use crate::conversations::send_reply::{Reply, claim_replies, next_reply_due, send_reply, settle_reply};
use crate::conversations::take_turn::{claim_turns, next_turn_due, take_turn};
use crate::deliveries::dispatcher;
use crate::domain::time::{Clock, Timestamp};
use crate::engines::Engines;
use crate::maintenance::make_partitions::make_partitions;
use crate::maintenance::retention::remove_expired;
use crate::notifier::Work;

/// How often every lane looks for work that nobody rang for.
const TICK: Duration = Duration::from_secs(1);
/// How often it is looked at most for what is rung for: a rush of clicks rings thousands of times a second.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often the house is kept.
const HOUSE_TICK: Duration = Duration::from_secs(5);
/// How often it is looked for what is not kept any longer.
const CLEAN_UP_TICK: Duration = Duration::from_secs(10 * 60);
/// How often it is tried to store the outcome of an attempt while the database is away.
const SETTLE_TRIES_MAX: usize = 8;
/// Turns that are taken at once.
const TURNS_MAX: usize = 32;
/// Replies that are sent at once.
const REPLIES_MAX: usize = 32;

/// Runs until `stop` says so, then ends what is in flight.
pub async fn run(engines: Engines, stop: watch::Receiver<bool>) {
    let mut lanes = JoinSet::new();
    let keep = |name, lane: Start| keep_running(name, engines.clone(), stop.clone(), lane);
    lanes.spawn(keep("turns", |engines, stop| lane::run(engines, stop, TURNS_MAX, Turns).boxed()));
    lanes.spawn(keep("replies", |engines, stop| lane::run(engines, stop, REPLIES_MAX, Replies).boxed()));
    lanes.spawn(keep("deliveries", |engines, stop| dispatcher::run(engines.deliveries, stop).boxed()));
    lanes.spawn(keep("peers", |engines, stop| peers::run(engines.core, stop).boxed()));
    lanes.spawn(keep("retention", |engines, stop| keep_clean(engines, stop).boxed()));
    lanes.spawn(keep("house", |engines, stop| keep_house(engines, stop).boxed()));
    while lanes.join_next().await.is_some() {}
}

/// Starts a lane.
type Start = fn(Engines, watch::Receiver<bool>) -> BoxFuture<'static, ()>;

/// Runs a lane until it ends. One that falls over starts again: what it held comes back when its leases run out.
async fn keep_running(name: &'static str, engines: Engines, mut stop: watch::Receiver<bool>, lane: Start) {
    while let Err(error) = tokio::spawn(lane(engines.clone(), stop.clone())).await {
        tracing::error!(lane = name, %error, "a lane of the worker fell over; it starts again");
        if tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Stores how an attempt went, also when the database is away for a while: what was sent must not be sent again.
async fn keep_trying<F>(clock: &Clock, what: &str, settle: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    for _ in 1..SETTLE_TRIES_MAX {
        let Err(error) = settle().await else { return Ok(()) };
        tracing::warn!(error = %format!("{error:#}"), "{what} is not settled yet");
        clock.sleep(TICK).await;
    }
    settle().await.context("not settled; it is made again when its lease runs out")
}

/// Stores late what could not be stored in time.
async fn keep_house(engines: Engines, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::time::timeout(HOUSE_TICK, stop.wait_for(|stop| *stop)).await.is_ok();
        if let Err(error) = automated_requests::store(&engines.clicks).await {
            tracing::warn!(error = %format!("{error:#}"), "visits that were no clicks could not be counted");
        }
        if stopping {
            return;
        }
        if let Err(error) = replay(&engines.clicks).await {
            tracing::warn!(error = %format!("{error:#}"), "clicks that were kept aside cannot be stored yet");
        }
    }
}

/// Makes room for what comes, and removes what is not kept any longer.
async fn keep_clean(engines: Engines, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = make_partitions(&engines.core).await {
            tracing::warn!(error = %format!("{error:#}"), "creating partitions failed");
        }
        let asked = stop.clone();
        if let Err(error) = remove_expired(&engines.core, move || *asked.borrow()).await {
            tracing::warn!(error = %format!("{error:#}"), "retention job failed");
        }
        if tokio::time::timeout(CLEAN_UP_TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Conversations that wait for the agent.
struct Turns;

impl lane::Lane for Turns {
    type Item = Turn;
    const BELL: Work = Work::Turns;
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

/// Replies that wait to be sent.
struct Replies;

impl lane::Lane for Replies {
    type Item = Reply;
    const BELL: Work = Work::Replies;
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
        keep_trying(&engines.core.clock, "a reply", || settle_reply(&engines.conversations, &settled)).await
    }
}
