//! Makes gestures at platforms, such as showing that somebody types: beside everything else, once, and without anybody waiting for it.

use std::sync::Arc;

use super::Conversations;
use super::open_channel::open;
use crate::channels::{self as platforms, Gesture, InboundMessage};
use crate::store::channels::Channel;

/// A gesture and the channel that makes it.
pub struct Due {
    /// The channel.
    pub channel: Arc<Channel>,
    /// What it does.
    pub gesture: Gesture,
}

/// Makes gestures in the background. Beyond the number that is made at the same time they are left out: nothing depends on one.
pub(super) fn make_all(engine: &Conversations, gestures: Vec<Due>) {
    for Due { channel, gesture } in gestures {
        let Ok(permit) = engine.gestures.clone().try_acquire_owned() else {
            tracing::info!(channel = channel.external_id, "gesture left out: too many at once");
            return;
        };
        let core = engine.core.clone();
        tokio::spawn(async move {
            let _permit = permit;
            match open(&core, channel) {
                Ok(channel) => platforms::make(&core.platform_client, channel.account(), &gesture).await,
                Err(error) => tracing::warn!(error = %format!("{error:#}"), "gesture not made"),
            }
        });
    }
}

/// That a message was read and somebody types: while the agent is about to answer it.
pub(super) fn typing(message: &InboundMessage) -> Gesture {
    Gesture::Typing {
        to: message.sender.ids.clone(),
        route: message.route.clone(),
        message: message.external_id.clone(),
    }
}
