//! Takes the agent's turn in a conversation: claim, load, decide, settle.
//!
//! Actors: messages call the agent (`store_inbound`); the worker of any node claims a turn under a lease and counts the attempt;
//! the agent decides on plain data, outside of any transaction and within a time budget; the settlement is fenced.
//!
//! ```text
//! idle ──message──▶ due ──claim──▶ leased ──settle──▶ idle, or due where a message arrived meanwhile
//!                    ▲                │               (a language model may help meanwhile: `ask_model`)
//!                    ▲                │
//!                    ├── lease ends ──┤   another node claims it; what the first one decided is not written
//!                    └── backoff ─────┤   the decision panicked or took too long
//!                                     └──▶ idle: given up after some attempts; the next message begins a new turn
//! ```
//!
//! One claim at a time holds the conversation's turn number, and only its holder settles: an expired lease never means two replies.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::OnceCell;

use super::Conversations;
use super::ask_model::{Asked, ask_model, count_drops};
use super::decide_turn::{Decision, decide as decide_now};
use super::load_turn::{Turn, load};
pub use super::settle_turn::Settled;
use super::settle_turn::settle_waiting;
use crate::agent::{self, Input};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::turns::{self, TurnLease};

/// How long a decision may take. It is shorter than a lease, so that a slow one is retried by its own node.
pub const TURN_BUDGET: Duration = Duration::from_secs(20);
/// Attempts at a turn; after the last one it is given up.
pub const TURN_ATTEMPTS_MAX: u32 = 8;
/// How long a turn waits after its first failed attempt; after each further one twice as long.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// What decides a turn: [`agent::turn`], or another function from plain input to plain output in its place.
pub type Agent = Arc<dyn Fn(&Input<'_>) -> agent::Turn + Send + Sync>;

/// Claims turns that are due, and loads what they are decided on.
pub async fn claim_turns(core: &Core, most: u32) -> anyhow::Result<Vec<Turn>> {
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    let claim = async move |tx: &Tx| Ok(tx.last(turns::claim(tx, now, lease_until, most)).await?);
    let leased = core.db.write(claim).await?;
    let has_model = core.llm.is_some();
    core.db.read(async move |conn| load(conn, leased, now, has_model).await).await
}

/// When the next turn falls due that is not due now.
pub async fn next_turn_due(core: &Core) -> anyhow::Result<Option<Timestamp>> {
    let now = core.clock.now();
    core.db.read(async move |conn| Ok(turns::next_due(conn, now).await?)).await
}

/// Takes a turn that was claimed. One that cannot be decided is retried later, and given up after some attempts.
pub async fn take_turn(engine: &Conversations, turn: Turn) -> anyhow::Result<()> {
    let turn = Arc::new(turn);
    let decided = if turn.leased.attempt > TURN_ATTEMPTS_MAX {
        Err(anyhow::anyhow!("every attempt before this one ended with its process"))
    } else {
        match ask_model(engine, &turn).await? {
            Asked::Done(help) => decide_with(engine, turn.clone(), help).await,
            Asked::Interrupted => return Ok(()),
        }
    };
    match decided {
        Ok(decision) => {
            count_drops(&engine.core, &turn, &decision.dropped).await?;
            settle(engine, decision).await.map(drop)
        }
        Err(error) => fail(engine, &turn, &error).await,
    }
}

/// Decides a turn within the time budget, without a model's help. An agent that panics is an error.
pub async fn decide(engine: &Conversations, turn: Arc<Turn>) -> anyhow::Result<Decision> {
    decide_with(engine, turn, None).await
}

async fn decide_with(
    engine: &Conversations,
    turn: Arc<Turn>,
    help: Option<Arc<agent::Help>>,
) -> anyhow::Result<Decision> {
    static WARM: OnceCell<()> = OnceCell::const_new();
    WARM.get_or_try_init(|| tokio::task::spawn_blocking(agent::warm_up)).await.context("warming the agent up")?;
    let _permit = engine.deciding.acquire().await.context("waiting for other turns")?;
    let (core, agent) = (engine.core.clone(), engine.agent.clone());
    let deciding = tokio::task::spawn_blocking(move || decide_now(&core, &turn, &*agent, help.as_deref()));
    let decided =
        tokio::time::timeout(engine.turn_budget, deciding).await.context("deciding within the time budget")?;
    decided.context("running the agent")?
}

/// Stores what a turn was decided to be, if its lease still holds.
pub async fn settle(engine: &Conversations, decision: Decision) -> anyhow::Result<Settled> {
    let (core, decision) = (&engine.core, Arc::new(decision));
    let mut settled = engine.turns.write(decision.clone()).await?;
    if settled == Settled::Superseded {
        // Or somebody else has it locked, for example to store a message: that is worth a wait of its own.
        let (waiting, inside, now) = (decision.clone(), core.clone(), core.clock.now());
        settled = core.db.write(async move |tx| settle_waiting(tx, &waiting, &inside, now).await).await?;
    }
    core.metrics.turn(if settled == Settled::Written { "settled" } else { "superseded" });
    match settled {
        Settled::Written => {
            core.notifier.notify(Work::Replies);
            core.notifier.notify(Work::Deliveries);
        }
        Settled::Superseded => {
            let TurnLease { project, conversation, number, .. } = decision.lease;
            tracing::info!(%project, %conversation, turn = number, "turn superseded; nothing written");
        }
    }
    Ok(settled)
}

/// Postpones a turn that could not be decided, or gives it up.
async fn fail(engine: &Conversations, turn: &Turn, error: &anyhow::Error) -> anyhow::Result<()> {
    let (core, attempt, error) = (&engine.core, turn.leased.attempt, format!("{error:#}"));
    let (lease, read_up_to) = (turn.leased.lease, turn.read_up_to());
    let TurnLease { project, conversation, .. } = lease;
    core.metrics.turn(if attempt < TURN_ATTEMPTS_MAX { "retried" } else { "given_up" });
    if attempt < TURN_ATTEMPTS_MAX {
        tracing::warn!(%project, %conversation, attempt, error, "turn failed; it is retried");
        let due_at = core.clock.now() + RETRY_AFTER * (1 << (attempt - 1));
        core.db.write(async move |tx| Ok(turns::retry(tx, lease, due_at).await?)).await?;
    } else {
        tracing::error!(%project, %conversation, attempt, error, "turn given up; its messages stay unanswered");
        let now = core.clock.now();
        core.db.write(async move |tx| Ok(turns::give_up(tx, lease, read_up_to, now).await?)).await?;
    }
    Ok(())
}
