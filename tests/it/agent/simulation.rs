//! Simulated people: 200 of them talk with the agent. `aurix-bench dialogues` lets more of them talk.

use std::collections::BTreeMap;

use crate::agent::dialogues::{FIELDS, simulate};

/// What has to be reached: see `docs/agent.md`.
const COMPLETED_MIN: f64 = 0.95;
const WRONG_MAX: f64 = 0.005;

#[test]
fn simulated_people_get_through() {
    let figures = simulate(200);
    for line in figures.lines() {
        println!("figure: {line}");
    }
    assert!(figures.completed >= COMPLETED_MIN, "{}", figures.failed.join("\n\n"));
    assert!(figures.wrong_share() <= WRONG_MAX, "{}", figures.wrong.join("\n\n"));
    assert!(figures.turns.0 <= FIELDS + 1, "half of the people need more than {} turns", FIELDS + 1);
    assert_eq!(figures.asked_although_known, 0, "what was known was asked for");
}

#[test]
fn the_wordings_of_simulated_people_are_their_own() {
    let all: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(include_str!("../../../bench/src/dialogues/wordings.json")).unwrap();
    for (language, wordings) in all {
        let pack = std::fs::read_to_string(format!("{}/packs/{language}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for list in ["hello", "question", "fix", "when"] {
            for sentence in wordings[list].as_array().unwrap().iter().filter_map(|sentence| sentence.as_str()) {
                let phrase = sentence.trim_matches(['?', '!', '？', '¿', '¡']).replace(' ', "_");
                let is_long = sentence.split([' ', '，']).count() > 3;
                assert!(!is_long || !pack.contains(&phrase), "{language}: {sentence:?} is a phrase of the pack");
            }
        }
    }
}
