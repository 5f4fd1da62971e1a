//! A letter: its subject, and what it says as plain text and as HTML. Texts of strangers stay on their line and are escaped.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::text::cut;

/// Characters of a subject.
const SUBJECT_CHARS_MAX: usize = 150;
/// Characters of any other line.
const LINE_CHARS_MAX: usize = 1_000;

/// A letter, as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// The letter as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// A letter that is being written.
#[derive(Clone, Debug)]
pub struct Draft {
    subject: String,
    text: String,
    html: String,
}

impl Draft {
    /// A letter about that.
    pub fn new(subject: &str) -> Self {
        Self {
            subject: cut(&one_line(subject), SUBJECT_CHARS_MAX).to_owned(),
            text: String::new(),
            html: String::new(),
        }
    }

    /// A heading above what follows.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        let text = line(text);
        self.write(&format!("{text}\n{}\n", "-".repeat(text.chars().count())), &format!("<h3>{}</h3>", escape(&text)))
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) -> &mut Self {
        let text = line(text);
        self.write(&format!("{text}\n"), &format!("<p>{}</p>", escape(&text)))
    }

    /// A link, with what it leads to.
    pub fn link(&mut self, label: &str, url: &str) -> &mut Self {
        let (label, url) = (line(label), line(url));
        let (shown, href) = (escape(&label), escape(&url));
        self.write(&format!("{label}:\n{url}\n"), &format!("<p><a href=\"{href}\">{shown}</a><br>{href}</p>"))
    }

    /// Something with a title, when it was, what it means, and where to go.
    pub fn item(&mut self, title: &str, lines: &[&str], link: (&str, &str)) -> &mut Self {
        let (title, lines) = (line(title), lines.iter().map(|text| line(text)).collect::<Vec<_>>());
        let (label, url) = (line(link.0), line(link.1));
        let mut text = format!("* {title}\n");
        let mut html = format!("<p><b>{}</b>", escape(&title));
        for line in lines.iter().filter(|line| !line.is_empty()) {
            // Writing to a text does not fail.
            let _ = writeln!(text, "  {line}");
            let _ = write!(html, "<br>{}", escape(line));
        }
        let _ = writeln!(text, "  {label}: {url}");
        let _ = write!(html, "<br><a href=\"{}\">{}</a></p>", escape(&url), escape(&label));
        self.write(&text, &html)
    }

    fn write(&mut self, text: &str, html: &str) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.html.push_str(html);
        self.html.push('\n');
        self
    }

    /// The letter, with why it came below it.
    pub fn letter(&self, why: &str) -> Letter {
        let why = line(why);
        Letter {
            subject: self.subject.clone(),
            text: format!("{}\n-- \n{why}\n", self.text),
            html: format!(
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head><body>\n{}<hr>\n<p><small>{}\
                 </small></p>\n</body></html>\n",
                escape(&self.subject),
                self.html,
                escape(&why)
            ),
        }
    }
}

fn line(text: &str) -> String {
    cut(&one_line(text), LINE_CHARS_MAX).to_owned()
}

/// A text on one line: what would end a header, or hide a part of it, becomes a space.
pub fn one_line(text: &str) -> String {
    let is_break = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.split(is_break).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_the_same_as_text_and_as_html() {
        let mut draft = Draft::new("A webhook\r\nBcc: evil@example.com");
        draft
            .heading("Juniper & Cycles")
            .paragraph("Hello <b>you</b>\nBcc: x")
            .item(
                "amoCRM was turned off",
                &["Since 2 Jan 2026", ""],
                ("Open webhook", "https://a.example/p/1?a=b&c=\"d"),
            )
            .link("Everything", "https://a.example/");
        let letter = draft.letter("You asked for it.");
        assert_eq!(letter.subject, "A webhook Bcc: evil@example.com");
        assert_eq!(
            letter.text,
            "Juniper & Cycles\n----------------\n\nHello <b>you</b> Bcc: x\n\n* amoCRM was turned off\n  Since 2 Jan 2026\n  \
             Open webhook: https://a.example/p/1?a=b&c=\"d\n\nEverything:\nhttps://a.example/\n\n-- \nYou asked for it.\n"
        );
        assert!(letter.html.contains("<h3>Juniper &amp; Cycles</h3>\n<p>Hello &lt;b&gt;you&lt;/b&gt; Bcc: x</p>"));
        assert!(letter.html.contains("<a href=\"https://a.example/p/1?a=b&amp;c=&quot;d\">Open webhook</a>"));
    }

    #[test]
    fn a_text_stays_on_its_line_and_hides_nothing() {
        assert_eq!(one_line(" a\r\nb\t\u{2028}c\u{0}d \u{202e}e\u{85}f "), "a b c d e f");
        assert_eq!(Draft::new(&"a".repeat(500)).subject.len(), SUBJECT_CHARS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_a_line(text in ".{0,60}", breaks in "[\\r\\n\\x0b\\x0c\\u{85}\\u{2028}]{1,3}") {
            let line = one_line(&format!("{text}{breaks}{text}"));
            let is_one = !line.contains(['\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}', '\0']);
            proptest::prop_assert!(is_one, "{:?}", line);
        }
    }
}
