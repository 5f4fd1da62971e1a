//! What the fuzz targets assert, of a few hundred inputs each: they are compiled, and hold, in every run of the tests.

use proptest::prelude::*;
use proptest::sample::{Index, select};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Pieces of what the parsers read, to be cut and put together.
const PIECES: &[&str] = &[
    "Tan Wei Ming, a table for 5 tomorrow at 7pm",
    "my name is सूर्य सिंह, call me at +65 9123 4567",
    "Hola, el sábado a las 5 de la tarde. ana@correo.example",
    "Hi! I came from your site. (O-aB3dE9z)",
    "https://shop.example/?utm_source=google&gclid=Cj0KCQ&utm_campaign=%E2%82%AC",
    "2026-11-22T19:00:00Z",
    "203.0.113.9, for=\"[2001:db8::1]:4711\";proto=https",
    r#"{"greeting":"Hi","closing":"Thanks","language":"en","fields":[{"key":"name","type":"name","required":true}]}"#,
    r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"#,
    r#""messaging_product":"whatsapp","metadata":{"phone_number_id":"106540352242922"},"messages":[{"#,
    r#""from":"6591234567","id":"wamid.A","timestamp":"1790000000","type":"text","text":{"body":"hello"}}]}}]}]}"#,
    r#"{"update_id":7,"message":{"message_id":1,"date":1790000000,"chat":{"id":5,"type":"private"},"text":"/start"}}"#,
    r#"{"choices":[{"message":{"content":"{\"act\":\"answer\",\"values\":[{\"field\":\"name\",\"quote\":\"Tan\"}]}"}}]}"#,
    r#"{"ok":false,"error":{"code":131047,"message":"Re-engagement message"},"description":"Too Many Requests"}"#,
    "HTTP/1.1 200 OK\r\nRetry-After: 120\r\nContent-Length: 2\r\n\r\n{}",
    "page=2&limit=100&from_date=2026-01-31&url=https%3A%2F%2Fshop.example",
    "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= sha256=00ff",
    "https://*.shop.example:8443",
    "clicks=120/s,partner=20/10s",
    "leads=400d,messages=forever",
    "5s 1m 15m 6h",
    "Bearer aurix_secret",
    "\u{0}\u{202e}\u{200b}\u{feff}",
];

prop_compose! {
    fn piece()(whole in select(PIECES), from in any::<Index>(), to in any::<Index>()) -> String {
        let chars: Vec<char> = whole.chars().collect();
        let (from, to) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
        chars.get(from.min(to)..from.max(to)).unwrap_or_default().iter().collect()
    }
}

/// A text: anything, a whole piece, or some of several.
fn text() -> impl Strategy<Value = String> {
    let cut = proptest::collection::vec(piece(), 1..5).prop_map(|pieces| pieces.concat());
    prop_oneof![2 => any::<String>(), 1 => select(PIECES).prop_map(str::to_owned), 4 => cut]
}

/// Bytes: anything, or a text.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![1 => any::<Vec<u8>>(), 3 => text().prop_map(String::into_bytes)]
}

fn maybe<T: Strategy>(of: T) -> impl Strategy<Value = Option<T::Value>>
where
    T::Value: Clone,
{
    proptest::option::of(of)
}

proptest! {
    #[test]
    fn agent_read(asked: u8, text in text()) {
        targets::agent_read::check((asked, &text));
    }

    #[test]
    fn attribution_url(one in maybe(text()), other in maybe(text())) {
        targets::attribution_url::check((one.as_deref(), other.as_deref()));
    }

    #[test]
    fn date_query(text in text()) {
        targets::date_query::check(&text);
    }

    #[test]
    fn form_file(text in text()) {
        targets::form_file::check(&text);
    }

    #[test]
    fn forwarding_headers(one in text(), other in text()) {
        targets::forwarding_headers::check((&one, &other));
    }

    #[test]
    fn llm_answer(body in bytes()) {
        targets::llm_answer::check(&body);
    }

    #[test]
    fn phone_number(text in text()) {
        targets::phone_number::check(&text);
    }

    #[test]
    fn platform_response(status: Option<u16>, body in bytes()) {
        targets::platform_response::check((status, &body));
    }

    #[test]
    fn receiver_response(bytes in bytes()) {
        targets::receiver_response::check(&bytes);
    }

    #[test]
    fn references(text in text()) {
        targets::references::check(&text);
    }

    #[test]
    fn request_fields(body in bytes()) {
        targets::request_fields::check(&body);
    }

    #[test]
    fn request_head(path in bytes(), host in bytes(), authorization in bytes(), user_agent in text()) {
        targets::request_head::check((&path, &host, &authorization, &user_agent));
    }

    #[test]
    fn settings(text in text(), other in text()) {
        targets::settings::check((&text, &other));
    }

    #[test]
    fn signature_header(given in text(), body in bytes(), other in maybe(text())) {
        targets::signature_header::check((&given, &body, other.as_deref()));
    }

    #[test]
    fn telegram_body(body in bytes()) {
        targets::telegram_body::check(&body);
    }

    #[test]
    fn whatsapp_body(body in bytes()) {
        targets::whatsapp_body::check(&body);
    }
}

/// What `fuzz/run` builds is a line for each of them, which no other test compiles.
#[test]
fn every_target_is_built_by_its_name() {
    let read = |path: &str| std::fs::read_to_string(path).expect("a file of the tree");
    let listed = read("fuzz/src/lib.rs");
    let names: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let tests = include_str!("fuzz.rs");
    let (manifest, readme) = (read("fuzz/Cargo.toml"), read("fuzz/README.md"));
    for name in &names {
        let target = read(&format!("fuzz/targets/{name}.rs"));
        assert!(
            target.starts_with("#![no_main]\nlibfuzzer_sys::fuzz_target!(|input: ")
                && target.ends_with(&format!("| aurix_fuzz::{name}::check(input));\n")),
            "{target}"
        );
        let (_, takes) = target.split_once("input: ").expect("its input");
        let (takes, _) = takes.split_once('|').expect("its type");
        let checks = read(&format!("fuzz/src/{name}.rs"));
        assert!(checks.contains(&format!(": {takes}) {{")), "{name} takes {takes}");
        assert!(tests.contains(&format!("targets::{name}::check(")), "{name} is not run here");
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")),
            "{name} is not in its manifest"
        );
        assert!(readme.contains(&format!("| `{name}` |")), "{name} is not in its README");
    }
    let targets = std::fs::read_dir("fuzz/targets").expect("a folder").count();
    assert_eq!(targets, names.len());
}
