//! A request and its answer, as they are shown side by side: heads, and bodies with JSON laid out.

use super::view::{Html, escape};

/// Bytes of a body that are laid out.
const PRETTY_BYTES_MAX: usize = 64 * 1024;

/// A head as it went over the wire, with a body.
pub fn http_text(first_line: &str, headers: &[(String, String)], body: &str) -> Html {
    let mut text = format!("{}\n", escape(first_line));
    for (name, value) in headers {
        text.push_str(&format!("{}: {}\n", escape(&name.to_ascii_lowercase()), escape(value)));
    }
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&body_html(body).0);
    }
    Html(text)
}

/// A body: JSON laid out with its texts marked, anything else as it is.
pub fn body_html(body: &str) -> Html {
    // Into a value, which has a limit of depth: a line of what is nested deeply begins with as many spaces.
    let is_json = body.len() <= PRETTY_BYTES_MAX && serde_json::from_str::<serde_json::Value>(body).is_ok();
    if is_json { Html(laid_out(body.trim())) } else { Html(escape(body)) }
}

/// JSON in lines. Numbers and the order of fields stay as they were sent.
fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '"' => {
                let end = text_end(rest);
                let is_key = rest[end..].trim_start().starts_with(':');
                let text = escape(&rest[..end]);
                out.push_str(&if is_key { text } else { format!("<i>{text}</i>") });
                end
            }
            '{' | '[' => {
                out.push(next);
                let behind = rest[1..].trim_start();
                if behind.starts_with(['}', ']']) {
                    out.push_str(&behind[..1]);
                    rest.len() - behind.len() + 1
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                    1
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(next);
                1
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
                1
            }
            ':' => {
                out.push_str(": ");
                1
            }
            _ if next.is_whitespace() => next.len_utf8(),
            _ => {
                let end = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                let word = escape(&rest[..end]);
                out.push_str(&if word == "null" { "<s>null</s>".to_owned() } else { word });
                end
            }
        };
        rest = &rest[taken.min(rest.len())..];
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// Where a JSON text ends that begins `json`.
fn text_end(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in json.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

/// A URL without what may be a secret in its path and query: the host, and the ends of the path.
pub fn short_url(url: &str) -> String {
    /// Characters of a path that is shown whole, and of the ends of a longer one.
    const WHOLE: usize = 10;
    const START: usize = 7;
    const END: usize = 4;
    let Ok(parsed) = url::Url::parse(url) else { return "…".to_owned() };
    let host = &parsed[url::Position::BeforeHost..url::Position::AfterPort];
    // A parsed path is ASCII.
    let path = parsed.path();
    let path = match path.len() {
        ..=WHOLE => path.to_owned(),
        length if length <= START + 2 * END => format!("{}…", path.get(..START).unwrap_or_default()),
        length => {
            let (start, end) = (path.get(..START), path.get(length - END..));
            format!("{}…{}", start.unwrap_or_default(), end.unwrap_or_default())
        }
    };
    let query = if parsed.query().is_some() { "?…" } else { "" };
    format!("{host}{}{query}", if path == "/" { "" } else { &path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_it_was_sent() {
        let body = r#"{"b":1.50,"a":"<x> \"q\" {","list":[],"deep":{"n":null,"t":[true, 2]} }"#;
        assert_eq!(
            body_html(body).0,
            "{\n  &#34;b&#34;: 1.50,\n  &#34;a&#34;: <i>&#34;&#60;x&#62; \\&#34;q\\&#34; {&#34;</i>,\n  &#34;list&#34;: [],\n  \
             &#34;deep&#34;: {\n    &#34;n&#34;: <s>null</s>,\n    &#34;t&#34;: [\n      true,\n      2\n    ]\n  }\n}"
        );
        assert_eq!(body_html("<b>no JSON").0, "&#60;b&#62;no JSON");
        assert_eq!(body_html("\"a\\\\\"").0, "<i>&#34;a\\\\&#34;</i>");
    }

    #[test]
    fn what_is_nested_deeply_is_shown_as_it_is() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(body_html(&nested(30_000)).0, nested(30_000));
        assert!(body_html(&nested(100)).0.contains("\n  ["));
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_a_secret() {
        assert_eq!(short_url("https://hook.make.example/x7k2p9f3c55d19a41c"), "hook.make.example/x7k2p9…a41c");
        assert_eq!(short_url("https://crm.example.com:8443/hook?token=1"), "crm.example.com:8443/hook?…");
        assert_eq!(short_url("https://crm.example.com/"), "crm.example.com");
        assert_eq!(short_url("https://crm.example.com/t/0123456789"), "crm.example.com/t/0123…");
        assert_eq!(short_url("https://bücher.example/üüüüüüüüüüüüüüüüüü"), "xn--bcher-kva.example/%C3%BC…3%BC");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_sent_is_shown_without_markup_of_its_own(text in "\\PC{0,40}") {
            let body = serde_json::json!({"a": text, "b": [text]}).to_string();
            for shown in [body_html(&body).0, body_html(&text).0] {
                let plain = shown.replace("<i>", "").replace("</i>", "").replace("<s>null</s>", "");
                proptest::prop_assert!(!plain.contains(['<', '>', '"']), "{}", shown);
            }
        }
    }
}
