//! What PostgreSQL says about how it would run a statement over filled tables, and what is wrong with it.

use std::collections::HashMap;

use aurix::db::Location;
use serde_json::Value;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::{Fault, OF_WAITING, SETTLED, Statement, WIDE, is_narrow};
use crate::support::TestApp;

/// Rows of a table that grows, and of one that does not.
const ROWS: i64 = 10_000;
const ROWS_SETTLED: i64 = 20;

/// The columns of each table.
type Tables = HashMap<String, Vec<Column>>;

struct Column {
    name: String,
    kind: String,
    is_nullable: bool,
}

/// What is wrong with each statement's plan.
pub async fn faults(app: &TestApp, statements: &[Statement]) -> Vec<Fault> {
    let Location::Postgres(url) = &app.core.config.database else { panic!("a test on PostgreSQL") };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test's database");
    tokio::spawn(connection);
    let tables = tables(&client).await;
    let parts = parts(&client).await;
    fill(&client, &tables).await;
    plan_as_the_server(app, &client).await;
    let mut faults = Vec::new();
    for statement in statements.iter().filter(|statement| !statement.postgres.is_empty()) {
        let mut whys: Vec<String> = Vec::new();
        // As a join it depends on statistics whether the text is cut up for every row.
        if statement.postgres.contains("IN (SELECT CAST(key AS BIGINT)") && !statement.postgres.contains(")) IS TRUE") {
            whys.push("may join the keys of a text on PostgreSQL: `(… IN (…)) IS TRUE` hashes them once".to_owned());
        }
        // How many keys a text has is not known to the server, which plans once for all texts.
        let splits = statement.postgres.contains("regexp_split_to_table");
        for mode in ["force_generic_plan", "force_custom_plan"].into_iter().skip(usize::from(!splits)) {
            client.batch_execute(&format!("SET plan_cache_mode = {mode}")).await.expect("a setting");
            let plan = plan(&client, &statement.postgres).await;
            whys.extend(nodes(&plan).into_iter().filter_map(|node| complaint(node, &tables, &parts)));
        }
        // Of many parts of a table the first is enough.
        whys.sort();
        whys.dedup();
        faults.extend(whys.into_iter().map(|why| Fault::of(statement, why)));
    }
    faults
}

/// Sets what the server's own connections set for the planner.
async fn plan_as_the_server(app: &TestApp, client: &Client) {
    let settings =
        "SELECT string_agg('SET ' || name || ' = ' || setting, '; ') FROM pg_settings WHERE source = 'client'
                    AND name LIKE 'enable%'";
    client.batch_execute(&app.text(settings).await.expect("settings")).await.expect("settings");
}

async fn tables(client: &Client) -> Tables {
    let columns = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
                   FROM information_schema.columns
                   JOIN pg_class ON oid = to_regclass(table_name) AND NOT relispartition
                   WHERE table_schema = 'public'
                   ORDER BY ordinal_position";
    let mut tables = Tables::new();
    for row in client.query(columns, &[]).await.expect("the columns") {
        let column = Column { name: row.get(1), kind: row.get(2), is_nullable: row.get(3) };
        tables.entry(row.get(0)).or_default().push(column);
    }
    tables
}

/// The table of each part of one.
async fn parts(client: &Client) -> HashMap<String, String> {
    let parts = "SELECT part.relname::text, pg_partition_root(part.oid)::regclass::text
                 FROM pg_class AS part
                 WHERE part.relispartition AND part.relkind IN ('r', 'p')";
    client.query(parts, &[]).await.expect("the parts").iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Gives every table rows of nothing in particular, so many that an index is worth its while, and statistics of them.
async fn fill(client: &Client, tables: &Tables) {
    client.batch_execute("SET session_replication_role = replica").await.expect("the tests are a superuser");
    for (table, columns) in tables {
        let rows = if SETTLED.contains(&table.as_str()) { ROWS_SETTLED } else { ROWS };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(value).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let filling =
            format!("INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(100, 100 + {rows}) AS n");
        client.batch_execute(&filling).await.unwrap_or_else(|error| panic!("{filling}: {error}"));
    }
    client.batch_execute("ANALYZE; SET plan_cache_mode = force_custom_plan").await.expect("statistics");
}

fn value(column: &Column) -> String {
    let value = match column.kind.as_str() {
        // Ten minutes apart from the start of the tests, over all parts and past them.
        "bigint" if matches!(column.name.as_str(), "created_at" | "started_at") => {
            "1767348000000000 + n * 600000000::bigint"
        }
        "bigint" if WIDE.contains(&column.name.as_str()) => "n % 3",
        "bigint" | "integer" => "n",
        "text" if column.name == "status" => {
            "CASE n % 20 WHEN 1 THEN 'pending' WHEN 2 THEN 'failed' ELSE 'delivered' END"
        }
        "text" => "'t' || n",
        "bytea" => "convert_to('t' || n, 'UTF8')",
        "boolean" => "n % 2 = 0",
        "tsvector" => "array_to_tsvector(ARRAY['t' || n])",
        kind => panic!("{}: rows of {kind} are not known here", column.name),
    };
    if column.is_nullable { format!("CASE WHEN n % 10 = 0 THEN {value} END") } else { value.to_owned() }
}

/// The plan of a statement with plain parameters: a prepared one is planned as the server plans it for Aurix.
async fn plan(client: &Client, sql: &str) -> Value {
    let wrong = |error: tokio_postgres::Error| -> ! { panic!("{sql}: {error:?}") };
    let prepared = client.prepare(sql).await.unwrap_or_else(|error| wrong(error));
    let parameters: Vec<&str> = prepared.params().iter().map(parameter).collect();
    let call = if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
    let explained = format!("PREPARE plan AS {sql}; EXPLAIN (FORMAT JSON) EXECUTE plan{call}; DEALLOCATE plan");
    let response = client.simple_query(&explained).await.unwrap_or_else(|error| wrong(error));
    let text = response.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    serde_json::from_str::<Value>(text.expect("a plan")).expect("JSON")[0]["Plan"].take()
}

fn parameter(kind: &Type) -> &'static str {
    match *kind {
        Type::INT8 | Type::INT4 => "2",
        Type::TEXT => "'t2'",
        Type::BOOL => "TRUE",
        Type::BYTEA => "'\\x00'",
        Type::INT8_ARRAY => "'{2}'",
        Type::TEXT_ARRAY => "'{t2}'",
        Type::BOOL_ARRAY => "'{t}'",
        ref kind => panic!("a parameter of {kind} is not known here"),
    }
}

/// A node and all below it. One of a bitmap has its relation in the node above: each comes with that.
fn nodes(plan: &Value) -> Vec<(&Value, &Value)> {
    let (mut nodes, mut waiting) = (Vec::new(), vec![(plan, plan)]);
    while let Some((node, above)) = waiting.pop() {
        nodes.push((node, above));
        let below = node["Plans"].as_array().into_iter().flatten();
        waiting.extend(below.map(|below| (below, node)));
    }
    nodes
}

fn complaint((node, above): (&Value, &Value), tables: &Tables, parts: &HashMap<String, String>) -> Option<String> {
    let kind = node["Node Type"].as_str()?;
    // A text of keys that is cut up again for every row.
    let splits = kind == "Function Scan" && node["Function Name"] == "regexp_split_to_table";
    if splits && above["Node Type"] == "Nested Loop" && node["Parent Relationship"] == "Inner" {
        return Some(format!("calls {} for every row on PostgreSQL", node["Function Name"]));
    }
    let table = node["Relation Name"].as_str().or(above["Relation Name"].as_str());
    let is_scan = matches!(kind, "Seq Scan" | "Index Scan" | "Index Only Scan" | "Bitmap Index Scan");
    let table = table.map(|table| parts.get(table).map_or(table, String::as_str));
    let is_small = |table: &str| SETTLED.contains(&table) || table.starts_with("pg_");
    let table = table.filter(|table| is_scan && !is_small(table))?;
    let columns = tables.get(table).unwrap_or_else(|| panic!("what is {table}?"));
    let condition = node["Index Cond"].as_str().unwrap_or_default();
    if condition.is_empty() {
        return Some(format!("reads all of {table} on PostgreSQL ({kind})"));
    }
    let is_searched = |column: &&str| condition.split(" AND ").any(|part| left_side(part).any(|word| word == *column));
    if node["Index Name"].as_str().is_some_and(|index| OF_WAITING.contains(&index)) {
        return None;
    }
    if is_narrow(columns.iter().map(|column| column.name.as_str()).filter(is_searched)) {
        return None;
    }
    Some(format!("reads all that a tenant has in {table} on PostgreSQL ({kind}, {condition})"))
}

/// The words before the comparison: the index's own columns stand there.
fn left_side(condition: &str) -> impl Iterator<Item = &str> {
    let left = condition.split(['=', '<', '>']).next().unwrap_or_default();
    left.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn a_scan_and_a_search_for_all_of_a_tenant_are_found() {
    let column = |name: &str| Column { name: name.to_owned(), kind: "bigint".to_owned(), is_nullable: false };
    let columns = || vec![column("project_id"), column("created_at")];
    let tables = Tables::from([("clicks".to_owned(), columns()), ("webhooks".to_owned(), columns())]);
    let found = |text: &str| {
        let plan: Value = serde_json::from_str(text).expect("JSON");
        let parts = HashMap::from([("clicks_1".to_owned(), "clicks".to_owned())]);
        nodes(&plan).into_iter().filter_map(|node| complaint(node, &tables, &parts)).collect::<Vec<_>>()
    };
    let bitmap = r#"{"Node Type": "Bitmap Heap Scan", "Relation Name": "clicks", "Plans": [
        {"Node Type": "Bitmap Index Scan", "Index Cond": "(project_id = '2'::bigint)"}]}"#;
    let below = r#"{"Node Type": "Limit", "Plans": [{"Node Type": "Seq Scan", "Relation Name": "clicks"}]}"#;
    let whole = r#"{"Node Type": "Index Scan", "Relation Name": "clicks_1"}"#;
    let fine = r#"{"Node Type": "Index Scan", "Relation Name": "clicks", "Index Cond": "((c.project_id = 2) AND (created_at > 2))"}"#;
    assert!(found(bitmap)[0].starts_with("reads all that a tenant has in clicks"));
    let joined =
        r#"{"Node Type": "Index Scan", "Relation Name": "clicks", "Index Cond": "(c.project_id = w.created_at)"}"#;
    assert!(found(joined)[0].starts_with("reads all that a tenant has in clicks"));
    assert!(found(below)[0].starts_with("reads all of clicks") && found(whole)[0].starts_with("reads all of clicks"));
    assert_eq!(found(fine), Vec::<String>::new());
    let inner = r#"{"Node Type": "Nested Loop", "Plans": [
        {"Node Type": "Function Scan", "Parent Relationship": "Inner", "Function Name": "regexp_split_to_table"}]}"#;
    assert_eq!(found(inner), [r#"calls "regexp_split_to_table" for every row on PostgreSQL"#]);
    assert_eq!(found(r#"{"Node Type": "Seq Scan", "Relation Name": "webhooks"}"#), Vec::<String>::new());
}
