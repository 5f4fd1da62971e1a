//! A bell: whoever waits for work hears it, also when it rang a moment before they began to wait.

use tokio::sync::watch;

/// The bell. Ringing is cheap and never waits.
pub struct Wake(watch::Sender<()>);

/// Somebody who listens for the bell.
pub struct Listener(watch::Receiver<()>);

impl Wake {
    /// A bell that has not rung.
    pub fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// Tells all listeners that there is work.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// Hears every ring from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Default for Wake {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener {
    /// Waits for a ring; returns at once where there was one since the last call.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            // The bell is gone: nothing will ever ring.
            std::future::pending::<()>().await;
        }
    }
}
