//! Layer 4: the chat on the page. Opens chats for visitors, takes what they write to `conversations` as any platform's messages, and
//! says what is new to whoever has a panel open. Other platforms push; here visitors fetch, by number (`store::chats`).

mod feed;
pub mod follow;
pub mod open_chat;
pub mod post_message;
pub mod read;
pub mod words;

use sha2::{Digest as _, Sha256};

use self::feed::Feed;
use crate::conversations::Conversations;
use crate::core::Core;

/// Open streams of a process.
const STREAMS_MAX: usize = 2_000;

/// The chats of a process. Cheap to clone.
#[derive(Clone)]
pub struct Chats {
    /// The shared parts.
    pub core: Core,
    conversations: Conversations,
    feed: Feed,
}

impl Chats {
    /// With no stream open.
    pub fn new(core: Core, conversations: Conversations) -> Self {
        Self { feed: Feed::new(core.clone(), STREAMS_MAX), core, conversations }
    }

    /// The same with room for another number of streams.
    #[must_use]
    pub fn with_streams_max(self, streams_max: usize) -> Self {
        Self { feed: Feed::new(self.core.clone(), streams_max), ..self }
    }

    /// How many streams are open in this process.
    pub fn open_streams(&self) -> usize {
        self.feed.open_streams()
    }
}

/// The hash of a visitor's token, as it is stored.
fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
