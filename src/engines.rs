//! The engines of a serving process, wired together. Handlers and loops get the one that they need.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Accounts;
use crate::admission::Admission;
use crate::certificates::Certificates;
use crate::chats::Chats;
use crate::clicks::Clicks;
use crate::conversations::Conversations;
use crate::core::Core;
use crate::deliveries::Deliveries;
use crate::readiness::Readiness;

/// How long a write lingers on PostgreSQL, where a batch of two costs half as much for each.
const LINGER: Duration = Duration::from_millis(1);

/// How long a result of a delivery lingers for others. The receiver has the event already.
const SETTLE_LINGER: Duration = Duration::from_millis(10);

/// One of each. Cheap to clone: every request does.
#[derive(Clone)]
pub struct Engines(Arc<EngineParts>);

/// What [`Engines`] are made of.
pub struct EngineParts {
    /// The shared parts.
    pub core: Core,
    /// Looks after the certificate, where TLS is built in.
    pub certificates: Option<Certificates>,
    /// Signs people in.
    pub accounts: Accounts,
    /// Which requests are taken on.
    pub admission: Admission,
    /// Records clicks.
    pub clicks: Clicks,
    /// Receives messages, takes turns, sends replies.
    pub conversations: Conversations,
    /// Chats on pages.
    pub chats: Chats,
    /// Makes deliveries.
    pub deliveries: Deliveries,
    /// Tells whether the process can work.
    pub readiness: Readiness,
}

impl Engines {
    /// Builds them. Nothing runs until the router and the worker do.
    pub fn new(core: Core) -> Self {
        // On SQLite all writes share a commit anyhow.
        let linger = if core.db.has_peers() { LINGER } else { Duration::ZERO };
        let deliveries = Deliveries::new(core.clone(), SETTLE_LINGER);
        let clicks = Clicks::new(core.clone(), deliveries.clone(), linger);
        let conversations = Conversations::new(core.clone(), clicks.clone(), linger);
        let chats = Chats::new(core.clone(), conversations.clone());
        let readiness = Readiness::new(core.clone());
        let admission = Admission::new(core.config.body_memory, core.config.rate_limits, core.clock.clone());
        let accounts = Accounts::new(core.clone());
        let certificates = core.config.acme.clone().map(|acme| Certificates::new(core.clone(), acme));
        Self(Arc::new(EngineParts {
            core,
            certificates,
            accounts,
            admission,
            clicks,
            conversations,
            chats,
            deliveries,
            readiness,
        }))
    }
}

impl Deref for Engines {
    type Target = EngineParts;
    fn deref(&self) -> &EngineParts {
        &self.0
    }
}
