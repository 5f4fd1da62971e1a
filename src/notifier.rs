//! Notifications of new work: a subscriber also sees one that came a moment before it began to wait.

use tokio::sync::watch;

/// A kind of work. Each has its own subscribers, so that a click does not wake those who send replies.
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

    /// The name that nodes use among themselves.
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

/// Notifies subscribers of new work. Notifying is cheap and never waits.
#[derive(Default)]
pub struct Notifier {
    turns: Channels,
    replies: Channels,
    deliveries: Channels,
}

/// The channels of one kind of work.
#[derive(Default)]
struct Channels {
    /// Work of any node.
    any: watch::Sender<()>,
    /// Work that this process made.
    own: watch::Sender<()>,
}

/// Receives the notifications of one kind of work.
pub struct Subscription(watch::Receiver<()>);

impl Notifier {
    fn channels(&self, work: Work) -> &Channels {
        match work {
            Work::Turns => &self.turns,
            Work::Replies => &self.replies,
            Work::Deliveries => &self.deliveries,
        }
    }

    /// Notifies all subscribers, of other nodes too, that there is work of this kind.
    pub fn notify(&self, work: Work) {
        self.channels(work).any.send_replace(());
        self.channels(work).own.send_replace(());
    }

    /// Notifies the subscribers of this process only, for example what another node notified of.
    pub fn notify_local(&self, work: Work) {
        self.channels(work).any.send_replace(());
    }

    /// Receives every notification of this kind of work from now on.
    pub fn subscribe(&self, work: Work) -> Subscription {
        Subscription(self.channels(work).any.subscribe())
    }

    /// Receives the notifications of work that this process made.
    pub fn subscribe_own(&self, work: Work) -> Subscription {
        Subscription(self.channels(work).own.subscribe())
    }
}

impl Subscription {
    /// Waits for a notification; returns at once where there was one since the last call.
    pub async fn notified(&mut self) {
        if self.0.changed().await.is_err() {
            // The notifier is gone: no notification will ever come.
            std::future::pending::<()>().await;
        }
    }
}
