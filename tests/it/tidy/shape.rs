//! The shape of a file: its length and first line, the length of its functions, and what may stand in it.

use syn::visit::{self, Visit};

use super::source::{self, Token};

/// The longest file, and the longest function with its signature and closing brace.
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Where SQL stands, and why there.
const SQL_ALLOWED: &[(&str, &str)] = &[
    ("src/store/", "all SQL of the product"),
    ("src/db/", "what every statement needs around it: pragmas, the migration table, savepoints"),
    ("bench/src/", "the ceiling of the benchmark is the engine inserting bare rows"),
];

/// Where any status code may be named, and why there. Elsewhere only the codes of success may.
const STATUS_ALLOWED: &[(&str, &str)] = &[
    ("src/http/error.rs", "the only place that decides how a failure is answered"),
    ("src/net/", "reads what another server answered"),
    ("src/outbound/", "decides what a webhook's response means: 410, 429, 503"),
    ("src/channels/", "decides what a platform's response means"),
];
/// Where a test may wait for nothing but time, and why there.
const SLEEPS_ALLOWED: &[(&str, &str)] = &[
    ("tests/it/reliability.rs", "visitors and endpoints around a real process take their time"),
    ("tests/it/support/model.rs", "how long a model takes is real time, and what bounds it"),
];

const STATUS_OF_SUCCESS: &[&str] = &["OK", "CREATED", "ACCEPTED", "NO_CONTENT", "FOUND"];

/// What is wrong with the shape of a Rust file, as `file:line: what to do`.
pub fn complaints(file: &str, text: &str) -> Vec<String> {
    let tokens = source::tokens(text);
    let items = Items::of(text);
    let everywhere =
        [size(file, text), functions(file, &items), macros(file, &tokens), disguised_sleeps(file, &tokens)].concat();
    let here = if file.starts_with("src/") || file.starts_with("bench/src/") {
        [sql(file, &tokens), statuses(file, &tokens), unwraps(file, &tokens, &items)].concat()
    } else {
        sleeps(file, &tokens)
    };
    [everywhere, here].concat()
}

fn size(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//! ") {
        found.push(format!("{file}:1: begin with `//! ` and what the file owns"));
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!(
            "{file}:{lines}: {lines} lines; a file has at most {FILE_LINES_MAX}: find the second thing in it"
        ));
    }
    found
}

/// Lines of a file, the first and the last.
type Lines = (usize, usize);

/// The functions of a file and what of it is for tests alone.
#[derive(Default)]
struct Items {
    functions: Vec<(String, Lines)>,
    tests: Vec<Lines>,
}

impl Items {
    fn of(text: &str) -> Self {
        let mut items = Self::default();
        items.visit_file(&syn::parse_file(text).unwrap_or_else(|error| panic!("this is not Rust: {error}\n{text}")));
        items
    }

    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        self.functions.push((signature.ident.to_string(), (lines(signature).0, lines(body).1)));
    }
}

fn lines(part: &impl syn::spanned::Spanned) -> Lines {
    (part.span().start().line, part.span().end().line)
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(function) => &function.attrs,
            syn::Item::Mod(module) => &module.attrs,
            _ => return visit::visit_item(self, item),
        };
        let is_for_tests = |attribute: &syn::Attribute| {
            attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
                || attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
        };
        if attributes.iter().any(is_for_tests) {
            self.tests.push(lines(item));
        }
        visit::visit_item(self, item);
    }
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }
    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        function.default.iter().for_each(|body| self.add(&function.sig, body));
        visit::visit_trait_item_fn(self, function);
    }
    /// Where a macro is given items, these are read too.
    fn visit_macro(&mut self, given: &'ast syn::Macro) {
        if let Ok(file) = syn::parse2::<syn::File>(given.tokens.clone()) {
            self.visit_file(&file);
        }
    }
}

fn functions(file: &str, items: &Items) -> Vec<String> {
    let long = items.functions.iter().filter(|(_, (first, last))| last - first + 1 > FUNCTION_LINES_MAX);
    long.map(|(name, (first, last))| {
        let lines = last - first + 1;
        format!(
            "{file}:{first}: `{name}` has {lines} lines; a function has at most {FUNCTION_LINES_MAX}: name its parts"
        )
    })
    .collect()
}

fn macros(file: &str, tokens: &[Token]) -> Vec<String> {
    const FORBIDDEN: &[(&str, &str)] = &[
        (concat!("to", "do"), "write it, or leave it out"),
        (concat!("unimpl", "emented"), "write it, or leave it out"),
        (concat!("db", "g"), "log it with tracing, or take it out"),
    ];
    let called = |pair: &[Token], name: &str| pair[0].text == name && pair[1].text == "!";
    let of = |name: &'static str, advice: &'static str| {
        let calls = tokens.windows(2).filter(move |pair| called(pair, name));
        calls.map(move |pair| format!("{file}:{}: `{name}!`: {advice}", pair[0].line))
    };
    let ignored =
        tokens.windows(3).filter(|t| t[0].text == "#" && t[1].text == "[" && t[2].text == concat!("ig", "nore"));
    let ignored =
        ignored.map(|t| format!("{file}:{}: a test that is not run proves nothing: mend it or remove it", t[0].line));
    FORBIDDEN.iter().flat_map(|(name, advice)| of(name, advice)).chain(ignored).collect()
}

fn sleeps(file: &str, tokens: &[Token]) -> Vec<String> {
    if SLEEPS_ALLOWED.iter().any(|(place, _)| file == *place) {
        return Vec::new();
    }
    let calls = tokens.windows(2).filter(|pair| pair[0].text == "sleep" && pair[1].text == "(");
    calls
        .map(|pair| format!("{file}:{}: a test moves the clock or waits for an event, it never sleeps", pair[0].line))
        .collect()
}

/// `timeout(…, pending())`: a sleep that says that it waits for something.
fn disguised_sleeps(file: &str, tokens: &[Token]) -> Vec<String> {
    let is_disguised = |at: usize| {
        let mut depth = 0;
        let is_open = |token: &&Token| {
            depth += match token.text.as_str() {
                "(" => 1,
                ")" => -1,
                _ => 0,
            };
            depth > 0
        };
        let arguments =
            tokens[at + 1..].iter().take_while(is_open).map(|token| token.text.as_str()).collect::<Vec<_>>();
        // `pending()` itself, not a block that ends with it.
        let last = arguments.iter().rposition(|text| *text == ",").map_or(&[][..], |comma| &arguments[comma + 1..]);
        arguments.first() == Some(&"(") && last.contains(&"pending") && !last.contains(&"{")
    };
    let calls = tokens.iter().enumerate().filter(|(at, token)| token.text.starts_with("timeout") && is_disguised(*at));
    calls
        .map(|(_, token)| format!("{file}:{}: this is a sleep: `Clock::sleep`, which a test can end", token.line))
        .collect()
}

fn sql(file: &str, tokens: &[Token]) -> Vec<String> {
    if SQL_ALLOWED.iter().any(|(place, _)| file.starts_with(place)) {
        return Vec::new();
    }
    let is_sql = |literal: &str| {
        let words = literal
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>();
        let has = |pair: &[&str]| words.windows(pair.len()).any(|found| found == pair);
        let begins = |word: &str| words.iter().position(|found| *found == word);
        has(&["INSERT", "INTO"])
            || has(&["DELETE", "FROM"])
            || begins("SELECT").is_some_and(|at| at + 1 < words.len())
            || begins("UPDATE").is_some_and(|at| words[at..].contains(&"SET"))
    };
    let statements = tokens.iter().filter(|token| token.string.as_deref().is_some_and(is_sql));
    let advice = "SQL stands in src/store/: give it a function with a name there";
    statements.map(|token| format!("{file}:{}: {advice}", token.line)).collect()
}

fn statuses(file: &str, tokens: &[Token]) -> Vec<String> {
    if STATUS_ALLOWED.iter().any(|(place, _)| file.starts_with(place)) {
        return Vec::new();
    }
    let named = tokens.windows(3).filter(|t| t[0].text == "StatusCode" && t[1].text == "::");
    let of_failure = named.filter(|t| !STATUS_OF_SUCCESS.contains(&t[2].text.as_str()));
    of_failure
        .map(|t| {
            format!("{file}:{}: `StatusCode::{}` belongs in src/http/error.rs: return its error", t[0].line, t[2].text)
        })
        .collect()
}

/// `.unwrap()` outside `#[cfg(test)]`, `#[test]` and files named `…tests.rs`.
fn unwraps(file: &str, tokens: &[Token], items: &Items) -> Vec<String> {
    if file.ends_with("tests.rs") || file.contains("/tests/") {
        return Vec::new();
    }
    let calls = tokens.windows(4).filter(|t| t.iter().map(|t| t.text.as_str()).eq([".", "unwrap", "(", ")"]));
    let calls =
        calls.map(|t| t[0].line).filter(|line| !items.tests.iter().any(|(from, to)| (from..=to).contains(&line)));
    calls.map(|line| format!("{file}:{line}: say with `expect` why it cannot fail, or handle that it does")).collect()
}

fn check(file: &str, text: &str, expected: &[&str]) {
    let text = format!("//! Owns a test.\n{text}");
    let found = complaints(file, &text);
    assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
    for (sentence, part) in found.iter().zip(expected) {
        assert!(sentence.contains(part), "{sentence:?} does not say {part:?}");
    }
}

#[test]
fn a_long_file_and_one_that_does_not_say_what_it_owns_are_found() {
    assert!(complaints("src/a.rs", "// Owns nothing.\n")[0].contains("src/a.rs:1: begin with"));
    check("src/a.rs", &"\n".repeat(FILE_LINES_MAX - 1), &[]);
    check("src/a.rs", &"\n".repeat(FILE_LINES_MAX), &["401 lines"]);
}

#[test]
fn a_long_function_is_found() {
    let function = |lines: usize| format!("fn a(b: [u8; 2]) {{{}}}\nfn c();", "\n".repeat(lines - 1));
    check("src/a.rs", &function(FUNCTION_LINES_MAX), &[]);
    check("src/a.rs", &function(FUNCTION_LINES_MAX + 1), &["src/a.rs:2: `a` has 71 lines"]);
    check("src/a.rs", &format!("trait T {{ {} }}", function(2)), &[]);
    check("tests/it/a.rs", &format!("mod m {{ {} }}", function(FUNCTION_LINES_MAX + 1)), &["`a` has 71"]);
}

#[test]
fn sql_outside_the_store_is_found() {
    for statement in ["SELECT 1", "WITH a AS (SELECT\n  b) …", "INSERT  INTO a", "UPDATE a\nSET b = 1", "DELETE FROM a"]
    {
        check("src/clicks/a.rs", &format!("const A: &str = \"{statement}\";"), &["src/clicks/a.rs:2: SQL"]);
        check("src/store/a.rs", &format!("const A: &str = r#\"{statement}\"#;"), &[]);
    }
    check("src/clicks/a.rs", "const A: &str = \"selected from, UPDATED\"; // SELECT a", &[]);
}

#[test]
fn a_status_code_in_the_wrong_place_is_found() {
    check("src/http/partner/a.rs", "fn a() -> StatusCode { StatusCode::NOT_FOUND }", &["`StatusCode::NOT_FOUND`"]);
    check("src/http/partner/a.rs", "fn a() -> StatusCode { StatusCode::CREATED }", &[]);
    check("src/http/error.rs", "fn a() -> StatusCode { StatusCode::NOT_FOUND }", &[]);
}

#[test]
fn what_is_not_finished_is_found() {
    let call = |name: &str| format!("fn a() {{ {name}!() }}");
    check("src/a.rs", &call(concat!("to", "do")), &["write it"]);
    check("src/a.rs", &call(concat!("unimpl", "emented")), &["write it"]);
    check("tests/it/a.rs", &call(concat!("db", "g")), &["take it out"]);
    check("tests/it/a.rs", concat!("#[ig", "nore] fn a() {}"), &["not run"]);
}

#[test]
fn an_unwrap_outside_tests_is_found() {
    check("src/a.rs", "fn a() { b().unwrap(); b().unwrap_or(1); }", &["src/a.rs:2: say with"]);
    check("src/a.rs", "#[cfg(test)]\nmod tests {\n fn a() { b().unwrap(); }\n}\n", &[]);
    check("src/a.rs", "#[test]\nfn a() {\n b().unwrap();\n}\nfn c() { b().unwrap() }", &["src/a.rs:6"]);
    check("src/domain/phone/tests.rs", "fn a() { b().unwrap(); }", &[]);
    check("tests/it/a.rs", "fn a() { b().unwrap(); }", &[]);
}

#[test]
fn a_sleeping_test_is_found() {
    check("tests/it/a.rs", "async fn a() { tokio::time::sleep (SECOND).await }", &["never sleeps"]);
    check("src/worker.rs", "async fn a() { ticker.sleep().await }", &[]);
}

#[test]
fn a_disguised_sleep_is_found() {
    for file in ["src/worker.rs", "tests/it/a.rs"] {
        check(file, "async fn a() { let _ = timeout(X, std::future::pending::<()>()).await; }", &["this is a sleep"]);
        check(file, "async fn a() { timeout_at(b(c, d), pending()).await; }", &["this is a sleep"]);
        check(file, "async fn a() { timeout(X, b()).await; pending().await }", &[]);
    }
}
