//! Floor 5: the door of time. Four lanes claim what is due and call flows: turns of the agent, replies, deliveries, and
//! house work. None holds up another, and none holds a transaction while it waits for the network.

mod deliveries;
mod lane;
mod peers;

use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::flows::clean_up::clean_up;
use crate::flows::count_visit::store_visits;
use crate::flows::keep_aside::store_kept_aside;
use crate::flows::make_partitions::make_partitions;
use crate::flows::send_message::{Reply, claim_replies, next_reply_due, send_message, settle};
use crate::flows::take_turn::{claim_turns, next_turn_due, take_turn};
use crate::wake::Work;

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
pub async fn run(app: App, stop: watch::Receiver<bool>) {
    let mut lanes = JoinSet::new();
    let keep = |name, lane: Start| keep_running(name, app.clone(), stop.clone(), lane);
    lanes.spawn(keep("turns", |app, stop| lane::run(app, stop, TURNS_MAX, Turns).boxed()));
    lanes.spawn(keep("replies", |app, stop| lane::run(app, stop, REPLIES_MAX, Replies).boxed()));
    lanes.spawn(keep("deliveries", |app, stop| deliveries::run(app, stop).boxed()));
    lanes.spawn(keep("peers", |app, stop| peers::run(app, stop).boxed()));
    lanes.spawn(keep("clean-up", |app, stop| keep_clean(app, stop).boxed()));
    lanes.spawn(keep("house", |app, stop| keep_house(app, stop).boxed()));
    while lanes.join_next().await.is_some() {}
}

/// Starts a lane.
type Start = fn(App, watch::Receiver<bool>) -> BoxFuture<'static, ()>;

/// Runs a lane until it ends. One that falls over starts again: what it held comes back when its leases run out.
async fn keep_running(name: &'static str, app: App, mut stop: watch::Receiver<bool>, lane: Start) {
    while let Err(error) = tokio::spawn(lane(app.clone(), stop.clone())).await {
        tracing::error!(lane = name, %error, "a lane of the worker fell over; it starts again");
        if tokio::time::timeout(TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Stores how an attempt went, also when the database is away for a while: what was sent must not be sent again.
async fn keep_trying<F>(what: &str, settle: impl Fn() -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    for _ in 1..SETTLE_TRIES_MAX {
        let Err(error) = settle().await else { return Ok(()) };
        tracing::warn!(error = %format!("{error:#}"), "{what} is not settled yet");
        let _ = tokio::time::timeout(TICK, std::future::pending::<()>()).await;
    }
    settle().await.context("not settled; it is made again when its lease runs out")
}

/// Stores late what could not be stored in time.
async fn keep_house(app: App, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::time::timeout(HOUSE_TICK, stop.wait_for(|stop| *stop)).await.is_ok();
        if let Err(error) = store_visits(&app).await {
            tracing::warn!(error = %format!("{error:#}"), "visits that were no clicks could not be counted");
        }
        if stopping {
            return;
        }
        if let Err(error) = store_kept_aside(&app).await {
            tracing::warn!(error = %format!("{error:#}"), "clicks that were kept aside cannot be stored yet");
        }
    }
}

/// Makes room for what comes, and removes what is not kept any longer.
async fn keep_clean(app: App, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = make_partitions(&app).await {
            tracing::warn!(error = %format!("{error:#}"), "the parts for the next weeks cannot be made now");
        }
        let asked = stop.clone();
        if let Err(error) = clean_up(&app, move || *asked.borrow()).await {
            tracing::warn!(error = %format!("{error:#}"), "what is not kept any longer cannot be removed now");
        }
        if tokio::time::timeout(CLEAN_UP_TICK, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

/// Conversations that wait for the agent.
struct Turns;

impl lane::Lane for Turns {
    type Item = i64;
    const BELL: Work = Work::Turns;
    const NAME: &'static str = "turn";

    async fn claim(app: &App, most: u32) -> anyhow::Result<Vec<i64>> {
        claim_turns(app, most).await
    }
    async fn next_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
        next_turn_due(app).await
    }
    async fn work(app: App, conversation: i64) -> anyhow::Result<()> {
        take_turn(&app, conversation).await
    }
}

/// Replies that wait to be sent.
struct Replies;

impl lane::Lane for Replies {
    type Item = Reply;
    const BELL: Work = Work::Replies;
    const NAME: &'static str = "reply";

    async fn claim(app: &App, most: u32) -> anyhow::Result<Vec<Reply>> {
        claim_replies(app, most).await
    }
    async fn next_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
        next_reply_due(app).await
    }
    async fn work(app: App, reply: Reply) -> anyhow::Result<()> {
        let settled = send_message(&app, reply).await?;
        keep_trying("a reply", || settle(&app, &settled)).await
    }
}
