//! Every statement of a source file: each string literal that is SQL, so that none can be missed.

use crate::tidy::source;

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

/// The statements of a file. A text stands by itself, or as one half of `Sql { sqlite: …, postgres: … }`.
pub fn read(file: &str, text: &str) -> Vec<Statement> {
    let tokens = source::tokens(text);
    let module = file.trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
    let (mut function, mut found, mut open) = ("", Vec::new(), None::<Statement>);
    let (mut columns, mut joined) = (String::new(), None::<String>);
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at].text.as_str());
        if before(1) == "fn" {
            function = token.text.as_str();
        }
        // `concat!("SELECT ", columns!(), " FROM …")`, where `columns` is a macro of the file: the columns of its table.
        if token.text == "(" && before(1) == "!" {
            match (before(2), &mut joined) {
                ("concat", joined) => *joined = Some(String::new()),
                ("columns", Some(joined)) => joined.push_str(&columns),
                _ => {}
            }
        }
        let line = token.line;
        if token.text == ")"
            && before(1) != "("
            && let Some(text) = joined.take()
        {
            let (name, place) = (format!("{module}::{function}"), format!("{file}:{line}"));
            found.push(Statement { name, place, sqlite: text.clone(), postgres: text });
        }
        let Some(literal) = &token.string else { continue };
        if let Some(joined) = &mut joined {
            joined.push_str(literal);
            continue;
        }
        if function.is_empty() && (1..8).any(|back| before(back) == "columns") {
            columns.clone_from(literal);
            continue;
        }
        let half = if before(1) == ":" { before(2) } else { "" };
        if !is_sql(literal) && !matches!(half, "sqlite" | "postgres") {
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
fn columns_that_are_named_once_are_put_in() {
    let text = "macro_rules! columns { () => { \"id, (SELECT 1)\" }; }\n\
                fn one() { tx.find(concat!(\"SELECT \", columns!(), \" FROM a\"), read) }";
    let found = read("src/store/leads.rs", text);
    let texts: Vec<_> =
        found.iter().map(|statement| (statement.sqlite.as_str(), statement.postgres.as_str())).collect();
    assert_eq!(texts, [("SELECT id, (SELECT 1) FROM a", "SELECT id, (SELECT 1) FROM a")]);
}
