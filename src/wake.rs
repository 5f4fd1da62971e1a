//! Bells: whoever waits for work hears its bell, also when it rang a moment before they began to wait.

use tokio::sync::watch;

/// A kind of work with a bell of its own, so that a click does not wake those who send replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Conversations wait for the agent.
    Turns,
    /// Replies wait to be sent.
    Replies,
    /// Deliveries wait to be made.
    Deliveries,
}

/// The bells. Ringing is cheap and never waits.
#[derive(Default)]
pub struct Wake {
    turns: Bell,
    replies: Bell,
    deliveries: Bell,
}

struct Bell(watch::Sender<()>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

/// Somebody who listens to a bell.
pub struct Listener(watch::Receiver<()>);

impl Wake {
    fn bell(&self, work: Work) -> &Bell {
        match work {
            Work::Turns => &self.turns,
            Work::Replies => &self.replies,
            Work::Deliveries => &self.deliveries,
        }
    }

    /// Tells all listeners that there is work of this kind.
    pub fn ring(&self, work: Work) {
        self.bell(work).0.send_replace(());
    }

    /// Hears every ring for this kind of work from now on.
    pub fn listen(&self, work: Work) -> Listener {
        Listener(self.bell(work).0.subscribe())
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
