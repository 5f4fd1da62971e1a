//! Every statement of a source file: each string literal that is SQL, so that none can be missed.

use std::path::Path;

use crate::tidy::source::{self, Token};

/// Words that only SQL has in capitals.
const SQL_WORDS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "TABLE", "TRUNCATE"];

/// A statement as each engine gets it; empty where there is nothing to do on that one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// `deliveries::claim`
    pub name: String,
    /// `src/store/deliveries.rs:58`
    pub place: String,
    pub sqlite: String,
    pub postgres: String,
}

/// The statements of a file. A text stands by itself, or as one half of `Sql { sqlite: …, postgres: … }`. It may be a `concat!` of
/// texts and of macros of this file that stand for one, such as a list of columns.
pub fn read(file: &str, text: &str) -> Vec<Statement> {
    let tokens = source::tokens(text);
    let module = file.trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
    let (mut function, mut found, mut open, mut read_up_to) = ("", Vec::new(), None::<Statement>, 0);
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at].text.as_str());
        if before(1) == "fn" {
            function = token.text.as_str();
        }
        let Some(literal) = token.string.as_ref().filter(|_| at >= read_up_to) else { continue };
        if (1..10).any(|back| before(back) == "macro_rules") {
            continue;
        }
        let line = token.line;
        let is_joined = [before(1), before(2), before(3)] == ["(", "!", "concat"];
        let (literal, end) = if is_joined { joined(file, &tokens, at) } else { (literal.clone(), at + 1) };
        read_up_to = end;
        let first = if is_joined { 3 } else { 0 };
        let half = if before(first + 1) == ":" { before(first + 2) } else { "" };
        if !is_sql(&literal) && !matches!(half, "sqlite" | "postgres") {
            continue;
        }
        let name = format!("{module}::{function}");
        let new = || Statement { name, place: format!("{file}:{line}"), ..Statement::default() };
        match half {
            "sqlite" => open = Some(Statement { sqlite: literal.clone(), ..new() }),
            "postgres" => {
                let open = open.take().expect("`postgres` stands behind `sqlite` in a pair");
                found.push(Statement { postgres: literal.clone(), ..open });
            }
            _ => found.push(Statement { sqlite: literal.clone(), postgres: literal.clone(), ..new() }),
        }
    }
    assert!(open.is_none(), "{file}: a pair has no `postgres`");
    found
}

/// The text that a macro of another file of the folder stands for: `users::columns!()`.
fn of_neighbour(file: &str, module: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).with_file_name(format!("{module}.rs"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    of_macro(&source::tokens(&text), name).to_owned()
}

/// The text that a macro of this file stands for.
fn of_macro<'a>(tokens: &'a [Token], name: &str) -> &'a str {
    let is_it = |three: &[Token]| three[0].text == "macro_rules" && three[2].text == name;
    let at = tokens.windows(3).position(is_it).unwrap_or_else(|| panic!("no macro `{name}`"));
    tokens[at..].iter().find_map(|token| token.string.as_deref()).expect("a macro that stands for a text")
}

/// The text of the `concat!` whose first part is at `at`, and where it ends.
fn joined(file: &str, tokens: &[Token], mut at: usize) -> (String, usize) {
    let mut text = String::new();
    loop {
        let token = &tokens[at];
        match (&token.string, token.text.as_str()) {
            (Some(part), _) => text += part,
            (None, ")") => return (text, at),
            (None, ",") => {}
            (None, module) if tokens[at + 1].text == "::" => {
                text += &of_neighbour(file, module, &tokens[at + 2].text);
                at += 5;
            }
            (None, name) => {
                text += of_macro(tokens, name);
                at += 3;
            }
        }
        at += 1;
    }
}

fn is_sql(literal: &str) -> bool {
    literal.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| SQL_WORDS.contains(&word))
}

#[test]
fn texts_and_pairs_are_found_with_their_functions() {
    let text = "fn one() { tx.execute(\n\"UPDATE a SET b = $1\") } fn two() { const X: Sql = Sql { sqlite: \"\", \
                postgres: \"SELECT 1\" }; say(\"no statement\", r#\"WITH a\"#) }";
    let statement = |name: &str, line: u32, sqlite: &str, postgres: &str| Statement {
        name: format!("leads::{name}"),
        place: format!("src/store/leads.rs:{line}"),
        sqlite: sqlite.to_owned(),
        postgres: postgres.to_owned(),
    };
    let expected = [
        statement("one", 2, "UPDATE a SET b = $1", "UPDATE a SET b = $1"),
        statement("two", 2, "", "SELECT 1"),
        statement("two", 2, "WITH a", "WITH a"),
    ];
    assert_eq!(read("src/store/leads.rs", text), expected);
}

#[test]
fn a_joined_text_is_one_statement() {
    let text = "macro_rules! columns { () => { \"id, (SELECT 1)\" }; } fn one() { tx.find(concat!(\"SELECT \", columns!(), \
                \" FROM a\"), x) } fn two() { Sql { sqlite: concat!(\"SELECT \", columns!()), postgres: \"SELECT 1\" } }";
    let found = read("src/store/leads.rs", text);
    let texts: Vec<_> = found.iter().map(|one| (one.sqlite.as_str(), one.postgres.as_str())).collect();
    assert_eq!(
        texts,
        [("SELECT id, (SELECT 1) FROM a", "SELECT id, (SELECT 1) FROM a"), ("SELECT id, (SELECT 1)", "SELECT 1")]
    );
}
