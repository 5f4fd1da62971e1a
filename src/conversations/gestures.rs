//! Makes gestures at platforms, such as showing that somebody types: beside everything else, once, and without anybody waiting for it.

use std::sync::Arc;
use std::time::Duration;

use super::Conversations;
use super::load_turn::Turn;
use super::open_channel::open;
use crate::channels::{self as platforms, Gesture, InboundMessage};
use crate::store::channels::Channel;
use crate::store::conversations;

/// How long a turn may come after the message that it answers: a burst, and the way here.
const BEGUN_BEFORE: Duration = Duration::from_secs(6);

/// A gesture and the channel that makes it.
pub struct Due {
    /// The channel.
    pub channel: Arc<Channel>,
    /// What it does.
    pub gesture: Gesture,
}

/// Makes gestures in the background. Beyond the number that is made at the same time they are left out: nothing depends on one.
pub(super) fn make_all(engine: &Conversations, gestures: Vec<Due>) {
    let now = engine.core.clock.now();
    for Due { channel, gesture } in gestures {
        if channel.quiet_until.is_some_and(|until| now < until) {
            // Its calls are for replies.
            continue;
        }
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

/// Shows that somebody types for as long as a model thinks about a turn; it never ends by itself. The message itself has begun it
/// (`store_inbound`), a burst's time ago.
pub(super) async fn keep_typing(engine: &Conversations, turn: &Turn) {
    let channel = turn.setting.channel.clone().map(Arc::new);
    let message = turn.unread.iter().rev().find_map(|message| message.external_id.clone());
    let again_after = channel.as_ref().and_then(|channel| channel.kind.typing_again_after());
    let (Some(channel), Some(message), Some(again_after)) = (channel, message, again_after) else {
        return std::future::pending().await;
    };
    let (lease, core) = (turn.leased.lease, &engine.core);
    let mut wait = again_after.saturating_sub(BEGUN_BEFORE);
    loop {
        core.clock.sleep(wait).await;
        wait = again_after;
        let address = async move |conn: &crate::db::Conn| {
            Ok(conversations::address(conn, lease.project, lease.conversation).await?)
        };
        match core.db.read(address).await {
            Ok(Some((to, route))) => {
                let gesture = Gesture::Typing { to, route, message: message.clone() };
                make_all(engine, vec![Due { channel: channel.clone(), gesture }]);
            }
            Ok(None) => {}
            Err(error) => tracing::info!(error = %format!("{error:#}"), "gesture not made"),
        }
    }
}
