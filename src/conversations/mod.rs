//! Layer 4: conversations. Receives messages, links them to clicks, takes the agent's turns and sends replies. Names no platform:
//! that is the matter of `channels`.

pub mod abandon;
pub mod announce_lead;
pub mod answer_rule;
pub mod ask_model;
mod compose_reply;
mod decide_turn;
pub mod edit_lead;
pub mod erase_person;
pub mod fetch_media;
pub mod found_by;
mod gestures;
mod identity;
mod incoming;
mod independent_sets;
mod learned;
mod link_click;
mod load_turn;
mod merge;
mod named_channels;
pub mod note_sighting;
pub mod note_writing;
pub mod nudge;
mod offers;
pub mod open_channel;
pub mod own_people;
mod pace_replies;
pub mod rate_lead;
pub mod receive;
pub mod reply_as_person;
pub mod resend_reply;
mod said_reference;
pub mod send_reply;
pub mod send_template;
mod settle_turn;
mod store_echo;
mod store_inbound;
mod store_notice;
mod store_past;
pub mod take_over;
pub mod take_turn;
pub mod unanswered;
mod words;

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use self::decide_turn::Decision;
pub use self::load_turn::Turn;
use self::note_sighting::Noted;
use self::open_channel::OpenChannel;
use self::receive::StoreReceived;
use self::send_reply::SettleReplies;
use self::settle_turn::SettleTurns;
use self::take_turn::{Agent, TURN_BUDGET};
use crate::agent;
use crate::cache::Cache;
use crate::clicks::Clicks;
use crate::core::Core;
use crate::db::BatchWriter;

/// How long a result lingers for others to share its transaction. The person has the reply already.
const SETTLE_LINGER: Duration = Duration::from_millis(10);

/// Gestures that are made at the same time; more are left out.
const GESTURES_MAX: usize = 32;

/// The conversation engine. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    /// The shared parts.
    pub core: Core,
    /// Spooled clicks are replayed before a message that may name one.
    clicks: Clicks,
    inbound: BatchWriter<StoreReceived>,
    turns: BatchWriter<SettleTurns>,
    sent: BatchWriter<SettleReplies>,
    channels: Arc<Cache<OpenChannel>>,
    noted: Arc<Noted>,
    agent: Agent,
    turn_budget: Duration,
    /// Gestures that are made at the same time.
    gestures: Arc<Semaphore>,
    /// Turns that are decided at the same time: reading takes a processor, and the others are for everybody else.
    deciding: Arc<Semaphore>,
}

impl Conversations {
    /// An engine with the built-in agent, whose writes linger for `linger` to share a transaction.
    pub fn new(core: Core, clicks: Clicks, linger: Duration) -> Self {
        let db = &core.db;
        let store = StoreReceived { core: core.clone() };
        let turns = SettleTurns { core: core.clone() };
        Self {
            inbound: BatchWriter::with_linger(db.clone(), store, linger),
            turns: BatchWriter::with_linger(db.clone(), turns, linger),
            sent: BatchWriter::with_linger(db.clone(), SettleReplies { core: core.clone() }, SETTLE_LINGER),
            channels: Arc::default(),
            noted: Arc::default(),
            gestures: Arc::new(Semaphore::new(GESTURES_MAX)),
            agent: Arc::new(agent::turn),
            turn_budget: TURN_BUDGET,
            deciding: Arc::new(Semaphore::new(available_parallelism().map_or(1, |all| all.get().div_ceil(2)))),
            clicks,
            core,
        }
    }

    /// The same engine with another agent, which may take `turn_budget` for a turn.
    #[must_use]
    pub fn with_agent(self, agent: Agent, turn_budget: Duration) -> Self {
        Self { agent, turn_budget, ..self }
    }
}
