//! A Rust file as the tidy checks read it: the tokens of all of it, of what macros are given too.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A word, a literal, or one mark of punctuation (`::` is one mark, and so is each bracket).
#[derive(Debug, PartialEq)]
pub struct Token {
    pub text: String,
    /// Where it starts, counted from 1.
    pub line: usize,
    /// What it says, if it is a string literal.
    pub string: Option<String>,
}

/// The tokens of a Rust file, without comments.
pub fn tokens(text: &str) -> Vec<Token> {
    of_stream(text.parse().unwrap_or_else(|error| panic!("this is not Rust: {error}\n{text}")))
}

/// The tokens of a stream, those inside of its groups too.
pub fn of_stream(stream: TokenStream) -> Vec<Token> {
    let mut tokens = Vec::new();
    add(stream, &mut tokens);
    tokens
}

fn add(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        let mut text = tree.to_string();
        let mut string = None;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                tokens.push(Token { text: open.to_owned(), line, string });
                if !is_doc_comment(tokens, &group.stream()) {
                    add(group.stream(), tokens);
                }
                text = close.to_owned();
                tokens.push(Token { text, line: group.span_close().start().line, string: None });
                continue;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => {
                let is_second = |next: &TokenTree| matches!(next, TokenTree::Punct(next) if next.as_char() == ':');
                if mark.spacing() == proc_macro2::Spacing::Joint && trees.next_if(is_second).is_some() {
                    "::".clone_into(&mut text);
                }
            }
            TokenTree::Literal(_) => string = syn::parse_str::<syn::LitStr>(&text).ok().map(|literal| literal.value()),
            TokenTree::Punct(_) | TokenTree::Ident(_) => {}
        }
        tokens.push(Token { text, line, string });
    }
}

/// Comments that document an item come as attributes.
fn is_doc_comment(before: &[Token], inside: &TokenStream) -> bool {
    let is_attribute = before.iter().rev().nth(1).is_some_and(|token| matches!(token.text.as_str(), "#" | "!"));
    let first = inside.clone().into_iter().next();
    is_attribute && matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

#[test]
fn literals_are_read_and_comments_are_not() {
    let text = "/// fn no\nlet a = \"x // \\\" y\"; // fn no\nlet b = r#\"two \" lines\n\"#; /* fn /* no */ no */ let c = '\"'; f(b'\\'', \"g\")";
    let tokens = tokens(text);
    let strings: Vec<_> = tokens.iter().filter_map(|token| Some((token.line, token.string.as_deref()?))).collect();
    assert_eq!(strings, [(2, "x // \" y"), (3, "two \" lines\n"), (4, "g")]);
    assert!(!tokens.iter().any(|token| token.text == "no" || token.text == "fn"));
}

#[test]
fn tokens_know_their_lines() {
    let tokens = tokens("use a::\n{b};\n m!(c: [\nd\n]);");
    let read: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.line)).collect();
    let first = [("use", 1), ("a", 1), ("::", 1), ("{", 2), ("b", 2), ("}", 2), (";", 2), ("m", 3), ("!", 3)];
    let second = [("(", 3), ("c", 3), (":", 3), ("[", 3), ("d", 4), ("]", 5), (")", 5), (";", 5)];
    assert_eq!(read, [&first[..], &second].concat());
}
