//! Imports point down only: which module is in which layer, and who may know whom.

use super::source::{self, Token};

/// The layer of every module of the crate. A new module at the top of `src/` gets its line here.
const LAYERS: &[(u8, &[&str])] = &[
    (1, &["domain"]),
    (2, &["db", "net"]),
    (3, &["store", "channels", "agent", "outbound", "llm"]),
    (
        4,
        &[
            "clicks",
            "conversations",
            "deliveries",
            "projects",
            "maintenance",
            "core",
            "engines",
            "config",
            "notifier",
            "cache",
        ],
    ),
    (5, &["http", "worker", "serve", "cli", "main", "demo", "bench"]),
];

/// In these layers a module knows no other module of its layer.
const INDEPENDENT_LAYERS: &[u8] = &[2, 3];

/// The platforms below `channels`: independent to one another too.
const PLATFORMS: &[&str] = &["whatsapp", "telegram", "web", "playground"];

/// A path into this crate as a file names it, written out from the crate's root.
#[derive(Debug, PartialEq)]
struct Mention {
    line: usize,
    path: Vec<String>,
}

/// What is wrong with the imports of `file` (`src/…/x.rs`), test code included, as `file:line: what to do`.
pub fn complaints(file: &str, text: &str) -> Vec<String> {
    let home = module_path(file);
    let Some(top) = home.first() else {
        return Vec::new(); // src/lib.rs names the modules
    };
    if layer(top).is_none() {
        return vec![format!("{file}:1: `{top}` is in no layer; add it in LAYERS, tests/it/tidy/imports.rs")];
    }
    let mentions = mentions(text, &home);
    mentions.iter().filter_map(|m| Some(format!("{file}:{}: {}", m.line, judge(&home, &m.path)?))).collect()
}

/// The sentence about an import from module `home` of `path`, where there is something to say.
fn judge(home: &[String], path: &[String]) -> Option<String> {
    let (from, to) = (home.first()?, path.first()?);
    let (from_layer, to_layer) = (layer(from)?, layer(to)?);
    let platform = |path: &[String]| path.get(1).filter(|name| PLATFORMS.contains(&name.as_str())).cloned();
    if to_layer > from_layer {
        return Some(format!(
            "`{from}` (layer {from_layer}) imports `{}` (layer {to_layer}); imports point down only: pass the value in, \
             or move the code up to `{to}`",
            path.join("::")
        ));
    }
    if from != to && from_layer == to_layer && INDEPENDENT_LAYERS.contains(&from_layer) {
        return Some(format!(
            "`{from}` and `{to}` are independent on layer {from_layer}; let a use case of layer 4 combine them, or move what both \
             need one layer down"
        ));
    }
    let (mine, other) = (platform(home)?, platform(path)?);
    (from == "channels" && to == "channels" && mine != other).then(|| {
        format!("the platforms `{mine}` and `{other}` are independent; what both need stands in `channels` beside them")
    })
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, modules)| modules.contains(&module)).map(|(layer, _)| *layer)
}

/// `src/channels/whatsapp/parse.rs` is `channels::whatsapp::parse`; `src/lib.rs` is the root, an empty path.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.trim_start_matches("src/").trim_end_matches(".rs");
    stem.split('/').filter(|part| *part != "mod" && *part != "lib").map(str::to_owned).collect()
}

/// Every path in a file that starts at `crate`, `aurix`, `self` or `super`, in `use` and anywhere else.
fn mentions(text: &str, home: &[String]) -> Vec<Mention> {
    let source = source::read(text);
    let tokens = source::tokens(&source.code);
    let mut found = Vec::new();
    let mut here = home.to_vec();
    let mut open_modules = Vec::new(); // for each open brace: does it open a module?
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at].text);
        let base = match token.text {
            "{" => {
                let module = before(2) == "mod";
                open_modules.push(module);
                here.extend(module.then(|| before(1).to_owned()));
                continue;
            }
            "}" => {
                if open_modules.pop() == Some(true) {
                    here.pop();
                }
                continue;
            }
            "crate" | "aurix" => &[],
            "self" => &here[..],
            "super" => &here[..here.len().saturating_sub(1)],
            _ => continue,
        };
        if before(1) != "::" && follows(&tokens, at + 1) {
            expand(&tokens, at + 2, base, &mut found);
        }
    }
    found
}

fn follows(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.text == "::")
}

/// Adds the paths of the tree that starts at `at`, behind a `::`, below `base`. Gives the position behind the tree.
fn expand(tokens: &[Token], at: usize, base: &[String], found: &mut Vec<Mention>) -> usize {
    let Some(token) = tokens.get(at) else { return at };
    if token.text == "{" {
        let mut next = at + 1;
        while tokens.get(next).is_some_and(|token| token.text != "}") {
            let behind = expand(tokens, next, base, found);
            next = if behind == next { next + 1 } else { behind };
        }
        return next + 1;
    }
    if !token.text.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '*') {
        return at;
    }
    let mut path = base.to_vec();
    match token.text {
        "super" => drop(path.pop()),
        "self" => {}
        name => path.push(name.to_owned()),
    }
    if follows(tokens, at + 1) {
        let behind = expand(tokens, at + 2, &path, found);
        if behind > at + 2 {
            return behind;
        }
    }
    found.push(Mention { line: token.line, path });
    let renamed = tokens.get(at + 1).is_some_and(|token| token.text == "as");
    at + if renamed { 3 } else { 1 }
}

fn check(file: &str, text: &str, expected: &[&str]) {
    let found = complaints(file, text);
    assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
    for (sentence, part) in found.iter().zip(expected) {
        assert!(sentence.contains(part), "{sentence:?} does not say {part:?}");
    }
}

#[test]
fn an_upward_import_is_found_in_every_form() {
    check("src/domain/lead.rs", "use crate::store::leads;", &["src/domain/lead.rs:1: `domain` (layer 1)"]);
    check(
        "src/db/mod.rs",
        "\nuse crate::{\n    domain::time,\n    deliveries::{self, emit},\n};",
        &["src/db/mod.rs:4", ":4"],
    );
    check("src/store/leads.rs", "fn a() { crate::deliveries::run(crate::domain::x::<u8>()) }", &["`deliveries::run`"]);
    check("src/agent/mod.rs", "#[cfg(test)]\nmod tests { use crate::http::error; }", &["agent/mod.rs:2"]);
    check("src/domain/lead.rs", "use super::super::store;", &["`store`"]);
    check("src/domain/lead.rs", "mod inner { use super::super::super::store as s; }", &["`store`"]);
    check("src/domain/lead.rs", "use super::{super::db, event};", &["`db`"]);
}

#[test]
fn downward_imports_and_words_in_literals_are_fine() {
    check(
        "src/deliveries/emit.rs",
        "use crate::{core::Core, db::Tx, domain::event as e, store::{events, leads}};",
        &[],
    );
    check("src/domain/lead.rs", "//! crate::store\n/* use crate::store; */ const A: &str = \"crate::store::x\";", &[]);
    check("src/domain/lead.rs", "use super::event::Event; mod tests { use super::*; use super::super::time; }", &[]);
    check("src/main.rs", "fn main() { aurix::cli::run() }", &[]);
    check("src/lib.rs", "pub mod store;", &[]);
}

#[test]
fn tools_are_independent() {
    check("src/net/mod.rs", "use crate::db::Db;", &["independent on layer 2"]);
    check("src/outbound/mod.rs", "use crate::net::Client; use crate::channels::Reply;", &["independent on layer 3"]);
    check("src/channels/whatsapp/send.rs", "use crate::channels::telegram::Bot;", &["`whatsapp` and `telegram`"]);
    check("src/channels/whatsapp/send.rs", "use crate::channels::Inbound; use super::parse;", &[]);
}

#[test]
fn a_module_without_a_layer_is_refused() {
    check("src/helpers.rs", "", &["`helpers` is in no layer"]);
    check("src/cli/serve.rs", "use crate::helpers::x;", &[]);
}
