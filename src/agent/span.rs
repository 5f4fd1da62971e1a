//! A part of a text, and whether other values overlap it.

/// Byte offsets of a part of a text, `end` excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(super) fn words(self, text: &str) -> &str {
        &text[self.start..self.end]
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest span with both in it.
    pub(super) fn covering(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Without spaces and separators at its ends.
    pub(super) fn trimmed(self, text: &str) -> Self {
        let words = self.words(text);
        let left = words.trim_start_matches(is_edge);
        let start = self.start + (words.len() - left.len());
        Self::new(start, start + left.trim_end_matches(is_edge).len())
    }

    pub(super) fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Characters that never begin or end a value.
fn is_edge(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(
            letter,
            ',' | ';' | ':' | '!' | '?' | '"' | '“' | '”' | '‘' | '。' | '，' | '！' | '？' | '、' | '*'
        )
}

/// Whether `span` overlaps none of `taken`.
pub(super) fn is_free(span: Span, taken: &[Span]) -> bool {
    !taken.iter().any(|other| span.overlaps(*other))
}

/// The text before a part, in lower case: at most `bytes_max` bytes.
pub(super) fn lead_in(text: &str, start: usize, bytes_max: usize) -> String {
    let mut from = start.saturating_sub(bytes_max);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..start].to_lowercase()
}

/// The text after a part, in lower case: at most `bytes_max` bytes.
pub(super) fn lead_out(text: &str, end: usize, bytes_max: usize) -> String {
    let mut to = (end + bytes_max).min(text.len());
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    text[end..to.max(end)].to_lowercase()
}
