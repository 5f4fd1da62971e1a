//! What a model is asked, and the tokens of that.

use serde_json::Value;

/// What the model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What is the same for all people of a project.
    pub system: String,
    /// What differs.
    pub user: String,
    /// JSON Schema of the object.
    pub schema: Value,
    /// Names what is the same, for a server's cache.
    pub cache_key: String,
}

/// Tokens of a call, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub prompt_tokens: u64,
    /// Of the answer.
    pub completion_tokens: u64,
    /// Of the prompt, those that the server had read before.
    pub cached_tokens: u64,
}

impl Usage {
    /// All tokens.
    pub fn total(&self) -> u64 {
        self.prompt_tokens + self.completion_tokens
    }

    pub(super) fn add(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cached_tokens += other.cached_tokens;
    }
}

/// About how many tokens a text has: a quarter of its letters where they are ASCII, one a letter elsewhere. Rather too many.
pub fn estimate_tokens(text: &str) -> u64 {
    let ascii = text.chars().filter(char::is_ascii).count() as u64;
    let others = text.chars().filter(|letter| !letter.is_ascii()).count() as u64;
    ascii.div_ceil(4) + others
}
