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

impl Work {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Turns, Self::Replies, Self::Deliveries];

    /// What nodes call it among themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Replies => "replies",
            Self::Deliveries => "deliveries",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.as_str() == name)
    }
}

/// The bells. Ringing is cheap and never waits.
#[derive(Default)]
pub struct Wake {
    turns: Bells,
    replies: Bells,
    deliveries: Bells,
}

/// Those of one kind of work.
#[derive(Default)]
struct Bells {
    /// There is work.
    work: Bell,
    /// There is work that this process made.
    own: Bell,
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
    fn bells(&self, work: Work) -> &Bells {
        match work {
            Work::Turns => &self.turns,
            Work::Replies => &self.replies,
            Work::Deliveries => &self.deliveries,
        }
    }

    /// Tells all listeners, of other nodes too, that there is work of this kind.
    pub fn ring(&self, work: Work) {
        self.bells(work).work.0.send_replace(());
        self.bells(work).own.0.send_replace(());
    }

    /// Tells the listeners of this process what another node told.
    pub fn ring_here(&self, work: Work) {
        self.bells(work).work.0.send_replace(());
    }

    /// Hears every ring for this kind of work from now on.
    pub fn listen(&self, work: Work) -> Listener {
        Listener(self.bells(work).work.0.subscribe())
    }

    /// Hears the rings that this process makes.
    pub fn listen_to_own(&self, work: Work) -> Listener {
        Listener(self.bells(work).own.0.subscribe())
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
