//! The same dialogues with every behaviour of a model's server, over HTTP.

use std::time::Duration;

use aurix::agent::{Help, Input, Paragraph, prompt};
use aurix::domain::time::{Clock, SignedDuration};
use aurix::llm::{Ask, Llm};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::behaviours::{Case, broken, honest, hostile};
use crate::agent::dialogues::models::truth;
use crate::agent::dialogues::{Figures, Model, Scene, simulate, simulate_with};
use crate::support::START;
use crate::support::model::{ScriptedModel, empty};

/// Dialogues of each behaviour.
const DIALOGUES: u64 = 30;
/// Those of one that takes its time.
const SLOW_DIALOGUES: u64 = 3;
/// What a turn's calls may take together.
const TIMEOUT: Duration = Duration::from_millis(200);
/// What no reply may have in it.
const FORBIDDEN: [&str; 7] = ["evil", "$499", "mark-", "Парковка", "promise", "John Smith", "closed enums"];

/// A model that is asked over HTTP, with what would be right.
struct OverHttp<'a> {
    runtime: &'a Runtime,
    model: ScriptedModel,
    llm: Llm,
    clock: Clock,
    most_requests: u32,
    calls: usize,
    requests: usize,
    answers: usize,
}

impl Model for OverHttp<'_> {
    fn help(&mut self, input: &Input<'_>, scene: &Scene<'_>) -> Option<Help> {
        for one in scene.said.iter().filter(|one| !one.is_person) {
            assert!(!FORBIDDEN.iter().any(|word| one.text.contains(word)), "sent unfiltered: {}", one.text);
        }
        let mut right = empty();
        let values = truth(input, scene).into_iter().map(|one| json!({"field": one.field, "quote": one.quote}));
        right["values"] = Value::Array(values.collect());
        right["act"] = json!("answer");
        self.model.expect(right);
        let knowledge = [Paragraph { id: "k1".to_owned(), text: "Parking is behind the house.".to_owned() }];
        let made = prompt(input, "a project", &knowledge, scene.said);
        let ask = Ask {
            system: made.system.clone(),
            user: made.user.clone(),
            schema: made.schema.clone(),
            cache_key: made.cache_key.clone(),
        };
        // Failures are so far apart that the breaker stays closed.
        self.clock.advance(SignedDuration::from_secs(20));
        let called = self.runtime.block_on(self.llm.ask(&ask));
        self.most_requests = self.most_requests.max(called.calls);
        self.calls += called.calls as usize;
        self.requests += self.model.take().len();
        assert!(self.requests <= self.calls, "every request is counted");
        let object = called.result.ok()?;
        self.answers += 1;
        Some(made.help(&object))
    }
}

fn check(runtime: &Runtime, case: Case, (whole, few): (&Figures, &Figures)) {
    let Case { name, behaviour, drops, is_useless } = case;
    let model = runtime.block_on(ScriptedModel::start(|_| unreachable!("it is told how to behave")));
    model.behave(behaviour);
    let clock = Clock::manual(START.parse().expect("a time"));
    let llm = Llm::new(model.endpoint(TIMEOUT), clock.clone());
    let (count, alone) = if name == "silent" { (SLOW_DIALOGUES, few) } else { (DIALOGUES, whole) };
    let mut over_http = OverHttp { runtime, model, llm, clock, most_requests: 0, calls: 0, requests: 0, answers: 0 };
    let helped = simulate_with(count, &mut over_http);
    println!("figure: {}", helped.beside(name, alone));
    assert_eq!(helped.invented, 0, "{name}: invented");
    assert!(helped.completed >= alone.completed, "{name}: {}", helped.failed.join("\n\n"));
    assert!(helped.right >= alone.right, "{name}: {}", helped.wrong.join("\n\n"));
    assert!(helped.wrong.len() <= alone.wrong.len(), "{name}: {}", helped.wrong.join("\n\n"));
    assert!(over_http.most_requests <= 2, "{name}: {} calls in a turn", over_http.most_requests);
    if let Some(reason) = drops {
        let counted = helped.dropped.iter().any(|(one, count)| one.as_str() == reason && *count > 0);
        assert!(counted, "{name}: nothing was dropped as {reason}: {:?}", helped.dropped);
    }
    if is_useless {
        assert_eq!((helped.all_turns, helped.right), (alone.all_turns, alone.right), "{name}: as without a model");
    } else {
        assert!(over_http.answers > 0, "{name}: it never answered");
    }
}

fn check_all(cases: Vec<Case>) {
    let runtime = Runtime::new().expect("a runtime");
    let (whole, few) = (simulate(DIALOGUES), simulate(SLOW_DIALOGUES));
    for case in cases {
        check(&runtime, case, (&whole, &few));
    }
}

#[test]
fn honest_servers_help_whatever_they_take() {
    check_all(honest());
}

#[test]
fn broken_servers_do_no_harm() {
    check_all(broken());
}

#[test]
fn lying_models_do_no_harm() {
    check_all(hostile());
}
