//! Notifications of new work: a subscriber also sees one that came a moment before it began to wait.

use tokio::sync::watch;

use crate::domain::closed_set::closed_set;

closed_set! {
    /// A kind of work. Each has its own subscribers, so that a click does not wake those who send replies.
    pub enum Work {
        /// Conversations wait for the agent.
        Turns = "turns",
        /// Replies wait to be sent.
        Replies = "replies",
        /// Deliveries wait to be made.
        Deliveries = "deliveries",
        /// Mails wait to be sent.
        Mails = "mails",
        /// Media wait to be fetched.
        Media = "media",
        /// Chats on pages have something new for their visitors.
        Chats = "chats",
    }
}

/// Notifies subscribers of new work. Notifying is cheap and never waits.
#[derive(Default)]
pub struct Notifier {
    turns: Channels,
    replies: Channels,
    deliveries: Channels,
    mails: Channels,
    media: Channels,
    chats: Channels,
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
            Work::Mails => &self.mails,
            Work::Media => &self.media,
            Work::Chats => &self.chats,
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
