//! Simulated people: 200 of them talk with the agent. `aurix-bench dialogues` lets more of them talk.

use std::collections::BTreeMap;

use crate::agent::dialogues::models::{Liar, Oracle};
use crate::agent::dialogues::{FIELDS, Model, simulate, simulate_with};

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

/// Built-in, oracle and liar side by side: a model may only add.
#[test]
fn a_model_that_knows_everything_helps_and_one_that_lies_does_no_harm() {
    let alone = simulate(200);
    for (name, model) in [("oracle", &mut Oracle as &mut dyn Model), ("liar", &mut Liar)] {
        let helped = simulate_with(200, model);
        println!("figure: {}", helped.beside(name, &alone));
        assert!(helped.completed >= alone.completed, "{name}: {}", helped.failed.join("\n\n"));
        assert!(helped.right >= alone.right, "{name}: {}", helped.wrong.join("\n\n"));
        assert!(helped.wrong.len() <= alone.wrong.len(), "{name}: {}", helped.wrong.join("\n\n"));
        assert_eq!(helped.invented, 0, "{name}");
    }
}
