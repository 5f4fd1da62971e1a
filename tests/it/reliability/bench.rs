//! `aurix bench` runs every measurement on either engine, finds all rows that it was answered for, and leaves nothing.

use aurix::db::Location;
use serde_json::Value;

use super::on_both_engines;
use super::server::Server;

/// As little as shows that everything runs.
const SHORT: &str = "--seconds 0.05 --connections 4 --rate 100 --rows 120 --webhooks 3 --waiting 15";

on_both_engines! {
    the_bench_measures_everything_and_verifies_its_rows
    the_bench_measures_what_it_is_asked_for
}

fn measured(server: &Server, what: &str) -> Value {
    server.command(&format!("bench {what} {SHORT}").split(' ').collect::<Vec<_>>())
}

/// A number above 0 at a path of members.
fn assert_positive(found: &Value, path: &str) {
    let value = found.pointer(path).and_then(Value::as_f64);
    assert!(value.is_some_and(|value| value > 0.0), "{path} is {value:?} in {found}");
}

async fn the_bench_measures_everything_and_verifies_its_rows(server: Server) {
    let on_postgres = matches!(server.location(), Location::Postgres(_));
    let found = measured(&server, if on_postgres { "--all --nodes 1,2" } else { "--all" });
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
    assert_nothing_is_left(&server);
    server.end().await;
}

async fn the_bench_measures_what_it_is_asked_for(server: Server) {
    let found = measured(&server, "--only deliver");
    assert_outcome(&found["deliver"], &["bare_posts"]);
    assert_disk(&found["disk"]);
    let others = ["click", "message", "end_to_end", "list", "fan_out", "slow", "flood", "nodes"];
    assert!(others.iter().all(|name| found[name].is_null()), "{found}");
    assert_nothing_is_left(&server);
    server.end().await;
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
fn assert_nothing_is_left(server: &Server) {
    let entries = server.data_dir.read_dir().expect("the data folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    assert_eq!(names.collect::<Vec<_>>(), Vec::<String>::new());
}
