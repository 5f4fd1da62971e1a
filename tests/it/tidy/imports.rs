//! Imports point down only: which module is in which layer, and who may know whom.

use std::collections::{BTreeMap, BTreeSet};

use syn::UseTree;
use syn::visit::{self, Visit};

use super::source;

/// The layer of every module of the crate. A new module at the top of `src/` gets its line here.
const LAYERS: &[(u8, &[&str])] = &[
    (1, &["domain"]),
    (2, &["db", "net"]),
    (3, &["store", "channels", "agent", "outbound", "smtp", "llm"]),
    (
        4,
        &[
            "config",
            "admission",
            "cache",
            "notifier",
            "metrics",
            "traces",
            "core",
            "counts",
            "deliveries",
            "clicks",
            "conversations",
            "chats",
            "projects",
            "maintenance",
            "readiness",
            "certificates",
            "accounts",
            "mails",
            "attention",
            "doctor",
            "moves",
            "engines",
        ],
    ),
    (5, &["http", "worker", "serve", "cli", "main", "demo"]),
];

/// In these layers a module knows no other module of its layer.
const INDEPENDENT_LAYERS: &[u8] = &[2, 3];

/// The modules of layer 4 from the ground up. Each knows only what stands above its own line.
const LAYER_4_ORDER: &[&[&str]] = &[
    &["config", "admission", "cache", "notifier", "metrics"],
    &["traces"],
    &["core"],
    &["readiness", "mails", "counts", "certificates"],
    &["accounts"],
    &["deliveries"],
    &["clicks", "attention"],
    &["conversations", "maintenance"],
    &["projects", "chats"],
    &["doctor"],
    &["moves"],
    &["engines"],
];

/// Who may name `demo`: the server knows nothing of it.
const DEMO_CALLERS: &[&str] = &["cli", "demo"];

/// They talk to other machines, or decide on plain data.
const WITHOUT_DATABASE: &[&str] = &["channels", "agent", "outbound", "smtp", "llm", "net"];

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
    if to == "db" && WITHOUT_DATABASE.contains(&from.as_str()) {
        return Some(format!(
            "`{from}` imports the database: no transaction is held over the network, and a decision is pure"
        ));
    }
    let place = |module: &str| LAYER_4_ORDER.iter().position(|modules| modules.contains(&module));
    if from != to && place(from).is_some_and(|mine| place(to).is_some_and(|other| other >= mine)) {
        return Some(format!(
            "`{from}` may not know `{to}`: see LAYER_4_ORDER; pass the value in, or move what both need below them"
        ));
    }
    if to == "demo" && !DEMO_CALLERS.contains(&from.as_str()) {
        return Some(format!("`{from}` imports the demo, which only `aurix demo` calls"));
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

/// The circles among the modules of one folder, each by the imports that close it.
pub fn cycles(files: &[(String, String)]) -> Vec<String> {
    let modules: BTreeSet<Vec<String>> = files.iter().map(|(file, _)| module_path(file)).collect();
    // For each folder, which of its modules imports which, and where.
    let mut folders: BTreeMap<&[String], BTreeMap<(&str, String), String>> = BTreeMap::new();
    for (file, text) in files {
        let home = modules.get(&module_path(file)).expect("each file is a module");
        for Mention { line, path } in mentions(text, home) {
            let shared = home.iter().zip(&path).take_while(|(mine, other)| mine == other).count();
            let other = path.get(..=shared).filter(|other| shared > 0 && modules.contains(*other));
            if let (Some(mine), Some(other)) = (home.get(shared), other) {
                let imports = folders.entry(&home[..shared]).or_default();
                imports.entry((mine, other[shared].clone())).or_insert_with(|| format!("{file}:{line}"));
            }
        }
    }
    let in_circles = folders.values().flat_map(|imports| {
        let closing = imports.iter().filter(|((from, to), _)| reaches(imports, to, from));
        closing.map(|((from, to), place)| {
            format!("{place}: `{from}` imports `{to}`, which leads back to `{from}`: move what both need to a module of its own")
        })
    });
    in_circles.collect()
}

fn reaches(imports: &BTreeMap<(&str, String), String>, from: &str, to: &str) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = waiting.pop() {
        let next = imports.keys().filter(|(module, _)| *module == at).map(|(_, other)| other.as_str());
        waiting.extend(next.filter(|other| seen.insert(other)));
    }
    seen.contains(to)
}

/// Every path in a file that starts at `crate`, `aurix`, `self` or `super`, in `use` and anywhere else.
fn mentions(text: &str, home: &[String]) -> Vec<Mention> {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("this is not Rust: {error}\n{text}"));
    let mut mentions = Mentions { here: home.to_vec(), found: Vec::new() };
    mentions.visit_file(&file);
    mentions.found
}

struct Mentions {
    /// The module that is being read.
    here: Vec<String>,
    found: Vec<Mention>,
}

impl Mentions {
    /// Adds a path, if it leads into this crate. A first name alone (`self`) leads nowhere.
    fn add(&mut self, line: usize, names: &[String]) {
        let mut path = match names.first().map(String::as_str) {
            _ if names.len() < 2 => return,
            Some("crate" | "aurix") => Vec::new(),
            Some("self") => self.here.clone(),
            Some("super") => self.here[..self.here.len().saturating_sub(1)].to_vec(),
            _ => return,
        };
        for name in &names[1..] {
            match name.as_str() {
                "super" => drop(path.pop()),
                "self" => {}
                _ => path.push(name.clone()),
            }
        }
        self.found.push(Mention { line, path });
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let (name, next) = match tree {
            UseTree::Path(path) => (&path.ident, Some(&path.tree)),
            UseTree::Name(name) => (&name.ident, None),
            UseTree::Rename(rename) => (&rename.ident, None),
            UseTree::Glob(star) => {
                return self.add(star.star_token.span.start().line, &[before, &["*".to_owned()]].concat());
            }
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        };
        let path = [before, &[name.to_string()]].concat();
        match next {
            Some(next) => self.add_tree(&path, next),
            None => self.add(name.span().start().line, &path),
        }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.here.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(path.segments[0].ident.span().start().line, &names);
        visit::visit_path(self, path);
    }

    /// What a macro is given need not be Rust: its paths are read off its tokens.
    fn visit_macro(&mut self, given: &'ast syn::Macro) {
        visit::visit_macro(self, given);
        let tokens = source::of_stream(given.tokens.clone());
        for (at, token) in tokens.iter().enumerate().filter(|(at, _)| *at == 0 || tokens[at - 1].text != "::") {
            let rest = tokens[at + 1..].chunks_exact(2).take_while(|pair| pair[0].text == "::");
            let names: Vec<_> = [token].into_iter().chain(rest.map(|pair| &pair[1])).map(|t| t.text.clone()).collect();
            self.add(token.line, &names);
        }
    }
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
    check("src/store/leads.rs", "fn a() { say!(error = %crate::deliveries::run()) }", &["`deliveries::run`"]);
    check("src/store/leads.rs", "fn a(b: &crate::core::Core) {}", &["`core::Core`"]);
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
fn use_cases_know_one_another_in_one_direction() {
    check("src/clicks/record.rs", "use crate::deliveries::emit; use crate::core::Core;", &[]);
    check("src/conversations/receive.rs", "use crate::clicks::record; use crate::deliveries::emit;", &[]);
    check("src/deliveries/emit.rs", "use crate::clicks::record;", &["`deliveries` may not know `clicks`"]);
    check("src/clicks/record.rs", "use crate::conversations::receive;", &["`clicks` may not know `conversations`"]);
    check("src/core.rs", "use crate::deliveries::Deliveries;", &["`core` may not know `deliveries`"]);
}

#[test]
fn a_circle_among_the_modules_of_a_folder_is_found() {
    let found = |texts: &[(&str, &str)]| {
        let files: Vec<_> = texts.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        cycles(&files)
    };
    let [a, b, c] = ["src/agent/a.rs", "src/agent/b.rs", "src/agent/c.rs"];
    let circle = found(&[(a, "use super::b::B;"), (b, "use super::c;"), (c, "fn c() { crate::agent::a::a() }")]);
    assert_eq!(circle.len(), 3, "{circle:#?}");
    assert!(circle[0].starts_with("src/agent/a.rs:1: `a` imports `b`, which leads back to `a`"), "{circle:#?}");
    assert_eq!(found(&[(a, "use super::{b, c};"), (b, "use super::c;"), (c, "use super::A;")]), [""; 0]);
}

#[test]
fn the_server_knows_nothing_of_the_demo() {
    check("src/http/mod.rs", "use crate::demo::run;", &["only `aurix demo` calls"]);
    check("src/cli/mod.rs", "fn a() { crate::demo::run() }", &[]);
    check("src/demo/mod.rs", "use crate::demo::playground; use crate::http::server;", &[]);
}

#[test]
fn what_talks_to_other_machines_has_no_transaction() {
    check("src/channels/mod.rs", "use crate::db::Tx;", &["`channels` imports the database"]);
    check("src/agent/turn.rs", "use crate::{db::Db, domain::form::Form};", &["`agent` imports the database"]);
    check("src/store/leads.rs", "use crate::db::Tx;", &[]);
}

#[test]
fn a_module_without_a_layer_is_refused() {
    check("src/helpers.rs", "", &["`helpers` is in no layer"]);
    check("src/cli/serve.rs", "use crate::helpers::x;", &[]);
}
