//! The handles that flows use.

use std::ops::Deref;
use std::sync::Arc;

use crate::config::Config;
use crate::db::{Db, GroupWriter};
use crate::domain::random::Random;
use crate::domain::seal::SealKey;
use crate::domain::time::Clock;
use crate::flows::hand_over::HandOver;
use crate::flows::kept::Kept;
use crate::flows::open_channel::OpenChannel;
use crate::flows::receive_message::StoreMessages;
use crate::flows::send_message::SettleReplies;
use crate::flows::settle_delivery::SettleDeliveries;
use crate::flows::store_clicks::StoreClicks;
use crate::flows::take_turn::TakeTurns;
use crate::net;
use crate::store::widgets::Widget;
use crate::wake::Wake;

/// Everything that a flow may need. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Handles>);

/// What an [`App`] is made of.
pub struct Handles {
    /// The settings that the process was started with.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where randomness comes from.
    pub random: Random,
    /// Seals what must not be read in a stolen database.
    pub seal: SealKey,
    /// Posts to webhooks: strangers' addresses, behind the guard.
    pub webhook_client: net::Client,
    /// Posts to chat platforms at the addresses that the operator configured.
    pub platform_client: net::Client,
    /// Rung when there is new work for the worker.
    pub wake: Wake,
    /// The widgets, known also while the database is away.
    pub widgets: Kept<Widget>,
    /// The channels that messages came by a moment ago.
    pub channels: Kept<OpenChannel>,
    /// Visits that were no clicks, not stored yet.
    pub visits: crate::flows::count_visit::Visits,
    /// Stores clicks.
    pub clicks: GroupWriter<StoreClicks>,
    /// Stores what platforms bring.
    pub messages: GroupWriter<StoreMessages>,
    /// Takes the agent's turns.
    pub turns: GroupWriter<TakeTurns>,
    /// Stores how replies went.
    pub sent: GroupWriter<SettleReplies>,
    /// Stores how deliveries went.
    pub settlements: GroupWriter<SettleDeliveries>,
    /// Where deliveries go that are claimed as they are stored.
    pub hand_over: HandOver,
    /// Clicks that could not be stored yet.
    pub aside: crate::flows::keep_aside::Aside,
}

impl App {
    /// Puts the handles together.
    pub fn new(handles: Handles) -> Self {
        Self(Arc::new(handles))
    }
}

impl Deref for App {
    type Target = Handles;
    fn deref(&self) -> &Handles {
        &self.0
    }
}
