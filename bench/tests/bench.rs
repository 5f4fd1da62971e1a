//! `aurix-bench` runs every measurement on either engine, finds all rows that it was answered for, and leaves nothing.
//!
//! The `aurix` that it measures is the one of the same build: `cargo test --workspace` makes both.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// As little as shows that everything runs.
const SHORT: &str = "--seconds 0.05 --connections 4 --rate 100 --rows 120 --webhooks 3 --waiting 15 --json";

/// Folders for databases on SQLite, or a PostgreSQL server.
struct Place {
    data_dir: PathBuf,
    postgres: Option<String>,
}

impl Place {
    fn new(engine: &str, postgres: Option<String>) -> Self {
        let name = std::thread::current().name().unwrap_or(engine).replace("::", "-");
        let data_dir = std::env::temp_dir().join(format!("aurix-bench-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&data_dir).expect("a temporary folder");
        Self { data_dir, postgres }
    }

    fn on_sqlite() -> Self {
        Self::new("sqlite", None)
    }

    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where PostgreSQL is")]
    fn on_postgres() -> Self {
        let url = std::env::var("AURIX_TEST_POSTGRES");
        Self::new("postgres", Some(url.expect("AURIX_TEST_POSTGRES names a PostgreSQL; ./test starts one and sets it")))
    }

    fn measured(&self, what: &str) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_aurix-bench"))
            .args(what.split(' ').chain(SHORT.split(' ')))
            .env("AURIX_DATA_DIR", &self.data_dir)
            .env("AURIX_DATABASE", self.postgres.as_deref().unwrap_or("sqlite"))
            .output()
            .expect("the program is built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{what}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} in {}", text(&output.stdout)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}

mod measured {
    use super::*;

    mod everything_and_its_rows_are_verified {
        use super::*;

        #[test]
        fn sqlite() {
            measures_everything(&Place::on_sqlite());
        }

        #[test]
        fn postgres() {
            measures_everything(&Place::on_postgres());
        }
    }

    mod only_what_is_asked_for {
        use super::*;

        #[test]
        fn sqlite() {
            measures_what_it_is_asked_for(&Place::on_sqlite());
        }

        #[test]
        fn postgres() {
            measures_what_it_is_asked_for(&Place::on_postgres());
        }
    }
}

/// A number above 0 at a path of members.
fn assert_positive(found: &Value, path: &str) {
    let value = found.pointer(path).and_then(Value::as_f64);
    assert!(value.is_some_and(|value| value > 0.0), "{path} is {value:?} in {found}");
}

fn measures_everything(place: &Place) {
    let on_postgres = place.postgres.is_some();
    let found = place.measured(if on_postgres { "--all --nodes 1,2" } else { "--all" });
    assert_eq!(found["engine"], if on_postgres { "postgres" } else { "sqlite" });
    assert_eq!(found["connections"], 4);
    let common = ["binary_bytes", "first_start_ms", "start_ms", "idle_rss_bytes", "loaded_rss_bytes"];
    common.iter().for_each(|name| assert_positive(&found, &format!("/{name}")));
    for (name, ceilings) in [
        ("click", &["bare_rows", "redirect"][..]),
        ("message", &["bare_rows", "redirect"]),
        ("deliver", &["bare_posts"]),
    ] {
        assert_outcome(&found[name], ceilings);
    }
    assert_end_to_end(&found["end_to_end"]);
    assert_list(&found["list"]);
    assert_outcome(&found["fan_out"], &["bare_posts"]);
    assert_eq!((&found["fan_out"]["webhooks"], &found["fan_out"]["projects"]), (&3.into(), &1.into()));
    assert_waits(&found["fan_out"]["all_have_it_us"]);
    let slow = &found["slow"];
    assert_eq!((&slow["webhooks"], &slow["dead"], &slow["waiting"]), (&3.into(), &10.into(), &20.into()));
    assert_waits(&slow["quiet_us"]);
    assert_waits(&slow["beside_us"]);
    assert!(slow["quiet_cpu_us_per_event"].is_number() && slow["beside_cpu_us_per_event"].is_number(), "{slow}");
    ["/p50_ratio", "/p99_ratio", "/rss_bytes/idle", "/rss_bytes/most"].iter().for_each(|at| assert_positive(slow, at));
    let flood = &found["flood"];
    assert_eq!((&flood["healthy_rate"], &flood["flood_rate"]), (&50.into(), &1200.into()));
    assert_waits(&flood["quiet_us"]);
    assert_waits(&flood["beside_us"]);
    ["/flooded", "/p50_ratio", "/p99_ratio", "/rss_bytes/most"].iter().for_each(|at| assert_positive(flood, at));
    assert_disk(&found["disk"]);
    assert_nodes(&found["nodes"], if on_postgres { &[1, 2] } else { &[] });
    assert_nothing_is_left(&place.data_dir);
}

fn measures_what_it_is_asked_for(place: &Place) {
    let found = place.measured("--only deliver");
    assert_outcome(&found["deliver"], &["bare_posts"]);
    assert_disk(&found["disk"]);
    let others = ["click", "message", "end_to_end", "list", "fan_out", "slow", "flood", "nodes"];
    assert!(others.iter().all(|name| found[name].is_null()), "{found}");
    assert_nothing_is_left(&place.data_dir);
}

fn assert_outcome(found: &Value, ceilings: &[&str]) {
    assert_positive(found, "/operations");
    assert_positive(found, "/per_second");
    assert!(found["cpu_us_per_operation"].is_number(), "{found}");
    for ceiling in ceilings {
        assert_positive(found, &format!("/ceilings/{ceiling}/per_second"));
        assert!(found["ceilings"][ceiling]["ratio"].is_number(), "{found}");
    }
}

fn assert_waits(waits: &Value) {
    let at = |name: &str| waits[name].as_u64().unwrap_or_else(|| panic!("no {name} in {waits}"));
    assert!(at("p50") <= at("p99") && at("p99") <= at("p99_9") && at("p99_9") <= at("max"), "{waits}");
}

fn assert_end_to_end(found: &Value) {
    assert_positive(found, "/event_with_delivery_bytes");
    assert_eq!(found["rate"], 100);
    assert!(found["cpu_us_per_event"].is_number(), "{found}");
    ["received_us", "answered_us", "answer_to_received_us"].iter().for_each(|name| assert_waits(&found[name]));
    assert_waits(&found["ceilings"]["redirect"]["answered_us"]);
    assert_outcome(&found["full_speed"], &[]);
}

fn assert_list(found: &Value) {
    assert_eq!((&found["rows"], &found["deep_page"]), (&120.into(), &3.into()));
    assert_outcome(&found["page_1"], &["bare_query"]);
    assert_outcome(&found["page_deep"], &[]);
    assert_positive(found, "/p50_ratio");
    let stream = &found["stream"];
    assert_outcome(stream, &["bare_query"]);
    assert_eq!(stream["operations"], 120);
    for name in ["bytes", "rss_bytes/before", "rss_bytes/most", "rss_bytes/after"] {
        assert_positive(stream, &format!("/{name}"));
    }
}

/// Every table of a click and its delivery has its bytes, and what is added up of them is more than the body alone.
fn assert_disk(found: &Value) {
    for table in ["sessions", "clicks", "events", "deliveries", "attempts"] {
        assert_positive(found, &format!("/{table}/rows"));
        assert_positive(found, &format!("/{table}/bytes_per_row"));
    }
    let at = |name: &str| found[name].as_f64().unwrap_or_else(|| panic!("no {name} in {found}"));
    assert!(at("event_body_bytes") > 0.0 && at("event_with_delivery_bytes") > at("event_body_bytes"), "{found}");
    assert!(at("click_with_all_bytes") > at("event_with_delivery_bytes"), "{found}");
}

fn assert_nodes(found: &Value, counts: &[u64]) {
    let measured = found["by_count"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(measured.iter().filter_map(|node| node["nodes"].as_u64()).collect::<Vec<_>>(), counts);
    for node in measured {
        assert_outcome(&node["click"], &["bare_rows", "redirect"]);
        assert_outcome(&node["deliver"], &["bare_posts"]);
        assert_positive(node, "/click/ratio_to_first");
    }
}

/// The bench removed its folder.
fn assert_nothing_is_left(data_dir: &Path) {
    let entries = data_dir.read_dir().expect("the data folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    assert_eq!(names.collect::<Vec<_>>(), Vec::<String>::new());
}
