//! Layer 4: conversations. Receives messages, links them to clicks, takes the agent's turns and sends replies.

pub mod independent_sets;
pub mod link_click;
pub mod merge;
pub mod open_channel;
pub mod receive;
pub mod send_reply;
pub mod take_turn;

use std::sync::Arc;
use std::time::Duration;

use self::open_channel::OpenChannel;
use self::receive::StoreMessages;
use self::send_reply::SettleReplies;
use self::take_turn::TakeTurns;
use crate::cache::Cache;
use crate::clicks::Clicks;
use crate::core::Core;
use crate::db::BatchWriter;

/// How long a result lingers for others to share its transaction. The person has the reply already.
const SETTLE_LINGER: Duration = Duration::from_millis(10);

/// The conversation engine. Cheap to clone.
#[derive(Clone)]
pub struct Conversations {
    /// The shared parts.
    pub core: Core,
    /// Spooled clicks are replayed before a message that may name one.
    clicks: Clicks,
    inbound: BatchWriter<StoreMessages>,
    turns: BatchWriter<TakeTurns>,
    sent: BatchWriter<SettleReplies>,
    channels: Arc<Cache<OpenChannel>>,
}

impl Conversations {
    /// An engine whose writes linger for `linger` to share a transaction.
    pub fn new(core: Core, clicks: Clicks, linger: Duration) -> Self {
        let (db, random, clock) = (&core.db, &core.random, &core.clock);
        let store = StoreMessages { random: random.clone(), clock: clock.clone() };
        let turns = TakeTurns { random: random.clone(), clock: clock.clone() };
        Self {
            inbound: BatchWriter::with_linger(db.clone(), store, linger),
            turns: BatchWriter::with_linger(db.clone(), turns, linger),
            sent: BatchWriter::with_linger(db.clone(), SettleReplies, SETTLE_LINGER),
            channels: Arc::default(),
            clicks,
            core,
        }
    }
}
