//! What is moved, and in which order: every table of the one database and of the other, compared by their columns.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, ensure};

use super::line::Kind;
use super::table::{Column, SourceTable, Table};

/// A table as PostgreSQL has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TargetTable {
    /// Name and `data_type` of `information_schema.columns`.
    pub columns: Vec<(String, String)>,
    /// Tables that its foreign keys name.
    pub parents: BTreeSet<String>,
}

/// The tables in an order in which each comes behind those that it names. `apart` are not moved. An error where a table has no
/// counterpart, other columns, or nothing to be found by.
pub(super) fn plan(
    source: Vec<SourceTable>,
    mut target: BTreeMap<String, TargetTable>,
    apart: &[&str],
) -> anyhow::Result<Vec<Table>> {
    target.retain(|name, _| !apart.contains(&name.as_str()));
    let mut waiting = Vec::new();
    for from in source.into_iter().filter(|table| !apart.contains(&table.name.as_str())) {
        let Some(to) = target.remove(&from.name) else {
            bail!("table {} is not in PostgreSQL's schema: it cannot be moved", from.name);
        };
        let parents = to.parents.clone();
        waiting.push((table(from, &to)?, parents));
    }
    if let Some((name, _)) = target.first_key_value() {
        bail!("table {name} is not in SQLite's schema: nothing can be moved into it");
    }
    in_order(waiting)
}

fn table(from: SourceTable, to: &TargetTable) -> anyhow::Result<Table> {
    let SourceTable { name, columns: mut known, key } = from;
    ensure!(!key.is_empty(), "table {name} has no key to be read by");
    let mut columns = Vec::new();
    for (column, data_type) in &to.columns {
        let Some(at) = known.iter().position(|other| other == column) else {
            bail!("column {column} of {name} is not in SQLite's schema");
        };
        known.swap_remove(at);
        let Some(kind) = Kind::of_type(data_type) else {
            bail!("column {column} of {name} is of the type {data_type}, which is not moved yet");
        };
        columns.push(Column { name: column.clone(), kind });
    }
    ensure!(known.is_empty(), "columns {} of {name} are not in PostgreSQL's schema", known.join(", "));
    Ok(Table { name, columns, key })
}

fn in_order(mut waiting: Vec<(Table, BTreeSet<String>)>) -> anyhow::Result<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let names: BTreeSet<String> = waiting.iter().map(|(table, _)| table.name.clone()).collect();
        let is_free = |(table, parents): &(Table, BTreeSet<String>)| {
            parents.iter().all(|parent| *parent == table.name || !names.contains(parent))
        };
        let (free, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_free);
        ensure!(!free.is_empty(), "tables name one another in a circle: {names:?}");
        ordered.extend(free.into_iter().map(|(table, _)| table));
        waiting = others;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(name: &str, columns: &[&str]) -> SourceTable {
        let columns: Vec<_> = columns.iter().map(|column| (*column).to_owned()).collect();
        SourceTable { name: name.to_owned(), key: columns[..1].to_vec(), columns }
    }

    fn to(columns: &[(&str, &str)], parents: &[&str]) -> TargetTable {
        TargetTable {
            columns: columns.iter().map(|(name, of)| ((*name).to_owned(), (*of).to_owned())).collect(),
            parents: parents.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn planned(source: Vec<SourceTable>, target: &[(&str, TargetTable)]) -> Result<Vec<String>, String> {
        let target = target.iter().map(|(name, table)| ((*name).to_owned(), table.clone())).collect();
        let planned = plan(source, target, &["words"]).map_err(|error| error.to_string())?;
        Ok(planned.into_iter().map(|table| table.name).collect())
    }

    #[test]
    fn a_table_comes_behind_those_that_it_names() {
        let id = [("id", "bigint")];
        let source = vec![from("a", &["id"]), from("b", &["id"]), from("c", &["id"]), from("words", &["x"])];
        let target = [("a", to(&id, &["b"])), ("b", to(&id, &["c", "b"])), ("c", to(&id, &[]))];
        assert_eq!(planned(source, &target).expect("a plan"), ["c", "b", "a"]);
        let circle = [("a", to(&id, &["b"])), ("b", to(&id, &["a"]))];
        assert!(
            planned(vec![from("a", &["id"]), from("b", &["id"])], &circle).expect_err("no order").contains("circle")
        );
    }

    #[test]
    fn what_one_database_alone_has_is_named() {
        let id = [("id", "bigint")];
        let two = [("id", "bigint"), ("ratio", "double precision")];
        let error = |source, target: &[(&str, TargetTable)]| planned(source, target).expect_err("no plan");
        assert!(error(vec![from("a", &["id"])], &[]).contains("table a is not in PostgreSQL's"));
        assert!(error(vec![], &[("a", to(&id, &[]))]).contains("table a is not in SQLite's"));
        assert!(error(vec![from("a", &["id", "x"])], &[("a", to(&id, &[]))]).contains("columns x of a"));
        assert!(error(vec![from("a", &["id"])], &[("a", to(&two, &[]))]).contains("column ratio of a is not"));
        assert!(error(vec![from("a", &["id", "ratio"])], &[("a", to(&two, &[]))]).contains("type double precision"));
        let keyless = SourceTable { key: Vec::new(), ..from("a", &["id"]) };
        assert!(error(vec![keyless], &[("a", to(&id, &[]))]).contains("no key"));
    }
}
