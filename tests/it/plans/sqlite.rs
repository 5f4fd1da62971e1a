//! What SQLite says about how it would run a statement, and what is wrong with it.

use std::collections::HashMap;

use aurix::db::Value;

use super::{Fault, OF_WAITING, SETTLED, Statement, is_narrow};
use crate::support::TestApp;

/// What is wrong with each statement's plan.
pub async fn faults(app: &TestApp, statements: &[Statement]) -> Vec<Fault> {
    let tables = tables(app).await;
    let mut faults = Vec::new();
    for statement in statements.iter().filter(|statement| !statement.sqlite.is_empty()) {
        let names = names(&statement.sqlite, &tables);
        let steps = plan(app, &statement.sqlite).await;
        let fault = |step: &String| Some(Fault::of(statement, complaint(step, &names)?));
        faults.extend(steps.iter().filter_map(fault));
    }
    faults
}

async fn tables(app: &TestApp) -> Vec<String> {
    const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";
    app.core.db.read(async |conn| Ok(conn.query(TABLES, &[], |row| row.get(0)).await?)).await.expect("the tables")
}

async fn plan(app: &TestApp, sql: &str) -> Vec<String> {
    // A statement's text lives as long as the program: so does this one's, in a test.
    let explained: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {sql}").into_boxed_str());
    let count = (1..).take_while(|number| sql.contains(&format!("${number}"))).count();
    let plan = app.core.db.write(async move |tx| {
        let nulls = vec![Value::Null; count];
        Ok(tx.query(explained, &nulls, |row| row.get::<String>(3)).await?)
    });
    plan.await.unwrap_or_else(|error| panic!("{sql}: {error:#}"))
}

/// What each name of a statement means: a table by its own name or by another, `None` for a part of the statement.
fn names(sql: &str, tables: &[String]) -> HashMap<String, Option<String>> {
    let words: Vec<&str> = sql.split(|c: char| c.is_whitespace() || c == ',' || c == ';').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let mut names: HashMap<_, _> = tables.iter().map(|table| (table.clone(), Some(table.clone()))).collect();
    for (at, _) in words.iter().enumerate().filter(|(at, word)| **word == "AS" && (1..words.len() - 1).contains(at)) {
        let (before, behind) = (words[at - 1], words[at + 1]);
        let table = tables.iter().find(|table| *table == before).cloned();
        if behind.starts_with('(') {
            // `WITH name (columns) AS (…`
            let name = if before.starts_with('(') { words[at.saturating_sub(2)] } else { before };
            names.insert(name.to_owned(), None);
        } else if table.is_some() || before.ends_with(')') {
            names.insert(behind.trim_end_matches(')').to_owned(), table);
        }
    }
    names
}

/// What is wrong with a step: `SCAN clicks USING INDEX …`, `SEARCH d USING INDEX deliveries_due (webhook_id=? AND due_at<?)`.
fn complaint(step: &str, names: &HashMap<String, Option<String>>) -> Option<String> {
    let mut words = step.split_whitespace();
    let verb = words.next()?;
    if !matches!(verb, "SCAN" | "SEARCH") {
        return None;
    }
    let name = words.next()?;
    if name == "CONSTANT" || name.starts_with('(') {
        return None;
    }
    let table = names.get(name).unwrap_or_else(|| panic!("{step}: what is {name}?")).as_deref()?;
    if SETTLED.contains(&table) {
        return None;
    }
    // `lead_search VIRTUAL TABLE INDEX 0:M1`: by a word; `0:=`: by its key. Without either there is nothing behind the colon.
    let is_text_search = step.split_once(" VIRTUAL TABLE INDEX ").is_some_and(|(_, how)| !how.ends_with(':'));
    if is_text_search {
        return None;
    }
    // A search for the least or the greatest names no columns: it finds one row.
    let columns = step.rsplit_once('(').map_or("", |(_, columns)| columns.trim_end_matches(')'));
    let columns = columns.split(" AND ").map(|one| one.split(['=', '<', '>']).next().unwrap_or_default());
    match verb {
        "SCAN" => Some(format!("reads all of {table} on SQLite ({step})")),
        _ if is_narrow(columns) || step.split_whitespace().any(|word| OF_WAITING.contains(&word)) => None,
        _ => Some(format!("reads all that a tenant has in {table} on SQLite ({step})")),
    }
}

#[test]
fn a_scan_and_a_search_for_all_of_a_tenant_are_found() {
    let tables = ["clicks", "webhooks"].map(str::to_owned);
    let names =
        names("WITH due (id) AS (SELECT 1) SELECT 1 FROM clicks AS c, webhooks AS w, (SELECT 2) AS part, due", &tables);
    let found = |step: &str| complaint(step, &names).unwrap_or_default();
    assert!(found("SCAN c").starts_with("reads all of clicks"));
    assert!(found("SCAN clicks USING INDEX clicks_by_time").starts_with("reads all of clicks"));
    assert!(found("SEARCH c USING INDEX clicks_by_time (project_id=?)").starts_with("reads all that a tenant"));
    let fine = [
        "SEARCH c USING INDEX clicks_by_time (project_id=? AND created_at>?)",
        "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH c USING INDEX deliveries_due (webhook_id=?)",
        "SCAN w",
        "SCAN part",
        "SCAN due",
        "SEARCH c USING COVERING INDEX clicks_by_time",
        "SCAN CONSTANT ROW",
        "SCAN (subquery-2)",
        "USE TEMP B-TREE FOR ORDER BY",
    ];
    assert_eq!(fine.map(found), fine.map(|_| String::new()));
}
