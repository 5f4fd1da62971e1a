//! Crawlers and people are told apart on lists that others keep: crawlers of crawler-user-agents (MIT), and browsers of
//! user-agents (BSD), which samples what is in use. Both are development packages of the browser tests.

use std::collections::BTreeSet;
use std::path::Path;

use aurix::domain::visitor::{RequestKind, RequestSigns};
use serde_json::Value;

use crate::support::skip::skip;

/// Of the crawlers of the list, at least so many are found.
const FOUND_MIN: f64 = 0.80;
/// Of the browsers of the list, at most so many are taken for crawlers.
const MISTAKEN_MAX: f64 = 0.0005;

/// A JSON list of an installed development package.
fn list(file: &str) -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules").join(file);
    if !path.exists() {
        skip(&format!("{file} is not installed; `npm ci` installs it"));
        return None;
    }
    let text = std::fs::read_to_string(path).expect("an installed file can be read");
    Some(serde_json::from_str(&text).expect("a JSON list"))
}

fn is_click(user_agent: &str) -> bool {
    RequestKind::of(&RequestSigns { method: "GET", user_agent: Some(user_agent), ..RequestSigns::default() }).is_click()
}

#[test]
fn most_crawlers_of_a_public_list_are_found() {
    let Some(crawlers) = list("crawler-user-agents/crawler-user-agents.json") else { return };
    let instances = crawlers.iter().filter_map(|crawler| crawler["instances"].as_array()).flatten();
    let all: BTreeSet<&str> = instances.filter_map(Value::as_str).collect();
    let found = all.iter().filter(|user_agent| !is_click(user_agent)).count();
    let rate = found as f64 / all.len() as f64;
    println!("figure: crawlers found: {found} of {} ({rate:.3})", all.len());
    assert!(rate >= FOUND_MIN, "{rate}");
}

#[test]
fn hardly_a_browser_of_a_public_list_is_taken_for_a_crawler() {
    let Some(browsers) = list("user-agents/dist/user-agents.json") else { return };
    let all: BTreeSet<&str> = browsers.iter().filter_map(|browser| browser["userAgent"].as_str()).collect();
    let mistaken: Vec<_> = all.iter().filter(|user_agent| !is_click(user_agent)).collect();
    println!("figure: browsers taken for crawlers: {} of {}", mistaken.len(), all.len());
    assert!(mistaken.len() as f64 <= MISTAKEN_MAX * all.len() as f64, "{mistaken:?}");
}
