//! What every use case may need: the database, time, randomness, settings, keys, HTTP clients and the mail server. No product state.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::cache::KnownSources;
use crate::config::Config;
use crate::db::Db;
use crate::domain::ids::RowKeys;
use crate::domain::random::Random;
use crate::domain::seal::SealKey;
use crate::domain::time::Clock;
use crate::llm::Llm;
use crate::metrics::Metrics;
use crate::net;
use crate::notifier::Notifier;
use crate::outbound::template::Templates;
use crate::smtp::Mailer;

/// The shared parts of a process. Cheap to clone.
#[derive(Clone)]
pub struct Core(Arc<CoreParts>);

/// What a [`Core`] is made of.
pub struct CoreParts {
    /// The settings that the process was started with.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where randomness comes from.
    pub random: Random,
    /// Makes the row keys of clicks, events, deliveries and messages.
    pub row_keys: RowKeys,
    /// Seals what must not be read in a stolen database.
    pub seal: SealKey,
    /// Posts to webhooks: strangers' addresses, behind the guard.
    pub webhook_client: net::Client,
    /// Posts to chat platforms at the addresses that the operator configured.
    pub platform_client: net::Client,
    /// Asks the operator's language model, where there is one.
    pub llm: Option<Llm>,
    /// Hands letters to the operator's mail server, where there is one.
    pub mailer: Option<Mailer>,
    /// Payload templates of webhooks that were read.
    pub templates: Templates,
    /// Row keys of sources and ads that were found.
    pub sources: KnownSources,
    /// What the process counts of itself.
    pub metrics: Metrics,
    /// Notified when there is new work for the worker.
    pub notifier: Notifier,
}

impl Core {
    /// Puts the parts together.
    pub fn new(parts: CoreParts) -> Self {
        Self(Arc::new(parts))
    }
}

/// Tries at storing a result while the database is unavailable.
const SETTLE_TRIES_MAX: usize = 8;
/// How long between two of them.
const SETTLE_RETRY: Duration = Duration::from_secs(1);

impl Core {
    /// Stores the result of an attempt, also when the database is unavailable for a while: what was sent must not be sent again.
    pub async fn settle_persistently<F>(&self, settle: impl Fn() -> F) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        for _ in 1..SETTLE_TRIES_MAX {
            let Err(error) = settle().await else { return Ok(()) };
            tracing::warn!(error = %format!("{error:#}"), "result not stored yet");
            self.clock.sleep(SETTLE_RETRY).await;
        }
        settle().await.context("not settled; it is repeated when its lease expires")
    }
}

impl Deref for Core {
    type Target = CoreParts;
    fn deref(&self) -> &CoreParts {
        &self.0
    }
}
