//! Floor 3: pure decisions about a conversation: what was said, what is still missing, what to say next.
