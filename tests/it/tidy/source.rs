//! A Rust file as the tidy checks read it: code, string literals and comments told apart, and code as tokens.

/// What a Rust file is made of. `code` has the lines of the file, with comments and literals blanked; of each string literal
/// its place is left, as one `"`.
pub struct Source {
    pub code: String,
    /// Every string literal with the line it starts on, counted from 1.
    pub strings: Vec<(usize, String)>,
}

/// A word, or one mark of punctuation (`::` is one mark), with the line it stands on, counted from 1.
#[derive(Debug, PartialEq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

/// Where in `text` something ends that starts at the front of it, and what it is.
enum Piece {
    Code(usize),
    Comment(usize),
    /// The whole literal, and where its inside begins and ends.
    Text(usize, usize, usize),
    Character(usize),
}

/// Reads a Rust file.
pub fn read(text: &str) -> Source {
    let mut source = Source { code: String::with_capacity(text.len()), strings: Vec::new() };
    let (mut rest, mut line, mut in_word) = (text, 1, false);
    while !rest.is_empty() {
        let piece = first_piece(rest, in_word);
        let (Piece::Code(end) | Piece::Comment(end) | Piece::Text(end, ..) | Piece::Character(end)) = piece;
        let (taken, next) = rest.split_at(end);
        let blanked = |c: char| if c == '\n' { '\n' } else { ' ' };
        match piece {
            Piece::Code(_) => source.code.push_str(taken),
            Piece::Text(..) => source.code.extend(['"'].into_iter().chain(taken.chars().skip(1).map(blanked))),
            Piece::Comment(_) | Piece::Character(_) => source.code.extend(taken.chars().map(blanked)),
        }
        if let Piece::Text(_, from, to) = piece {
            source.strings.push((line, taken[from..to].to_owned()));
        }
        in_word = matches!(piece, Piece::Code(_)) && taken.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        line += taken.matches('\n').count();
        rest = next;
    }
    source
}

/// What `text` starts with. `in_word` tells that the character before it belongs to a name.
fn first_piece(text: &str, in_word: bool) -> Piece {
    let length = text.chars().next().map_or(0, char::len_utf8);
    if text.starts_with("//") {
        return Piece::Comment(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Piece::Comment(block_comment(text));
    }
    if text.starts_with('"') {
        let end = closing_quote(text, 1, '"');
        return Piece::Text(end, 1, (end - 1).max(1));
    }
    if text.starts_with('\'') {
        return character(text).map_or(Piece::Code(length), Piece::Character);
    }
    if !in_word && let Some(raw) = raw_string(text) {
        return raw;
    }
    Piece::Code(length)
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The position behind the quote that closes a literal whose inside starts at `from`.
fn closing_quote(text: &str, from: usize, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text[from..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return from + at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal, and nothing for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inside = text.char_indices().skip(1);
    let (_, first) = inside.next()?;
    if first == '\\' {
        return Some(closing_quote(text, 1, '\''));
    }
    let (at, second) = inside.next()?;
    (second == '\'').then_some(at + 1)
}

/// `r"…"`, `r#"…"#`, and the same with `b` or `c` before.
fn raw_string(text: &str) -> Option<Piece> {
    let behind = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let hashes = behind.len() - behind.trim_start_matches('#').len();
    let inside = behind[hashes..].strip_prefix('"')?;
    let from = text.len() - inside.len();
    let closing = format!("\"{}", "#".repeat(hashes));
    let to = inside.find(&closing).map_or(text.len(), |at| from + at);
    Some(Piece::Text((to + closing.len()).min(text.len()), from, to))
}

/// The tokens of blanked code.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut tokens, mut rest, mut line) = (Vec::new(), code, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        if !first.is_whitespace() {
            tokens.push(Token { text: &rest[..length], line });
        }
        line += usize::from(first == '\n');
        rest = &rest[length..];
    }
    tokens
}

#[test]
fn code_literals_and_comments_are_told_apart() {
    let text = "let a = \"x // \\\" y\"; // fn no\nlet b = r#\"two \" lines\n\"#; /* fn /* no */ no */ let c = '\"';\nfn d<'a>(e: &'a str) { f(b'\\'', \"g\") }";
    let source = read(text);
    assert_eq!(source.strings, [(1, "x // \\\" y".into()), (2, "two \" lines\n".into()), (4, "g".into())]);
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert_eq!(source.code.len(), text.len());
    assert!(!source.code.contains("no") && source.code.contains("let c =") && source.code.contains("&'a str"));
}

#[test]
fn tokens_know_their_lines() {
    let read: Vec<_> = tokens("use a::\n{b};").into_iter().map(|token| (token.text, token.line)).collect();
    assert_eq!(read, [("use", 1), ("a", 1), ("::", 1), ("{", 2), ("b", 2), ("}", 2), (";", 2)]);
}
