//! A hundred thousand bodies, mutated from good ones: none is too much for the reader.

use aurix::agent::Proposal;
use aurix::llm::{answer, lenient};
use serde_json::{Value, json};

const BODIES: usize = 100_000;
const WANTED: [&str; 7] = ["act", "values", "options", "refused", "answer", "sources", "language"];
/// Bytes that mean something to a reader of JSON.
const MARKS: &[u8] = b"{}[]\",:\\u0<>tfn`\xff\x00 ";

fn good() -> Vec<Vec<u8>> {
    let object = json!({"act": "answer", "values": [{"field": "name", "quote": "Mei \"Ling\" Tan 陈"}, {"field": "people", "quote": "4"}],
        "options": [], "refused": ["email"], "answer": null, "sources": ["k1"], "language": "en"});
    let usage = json!({"prompt_tokens": 900, "completion_tokens": 30});
    let envelope = |message: Value| {
        json!({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}).to_string()
    };
    [
        envelope(json!({"content": object.to_string()})),
        envelope(json!({"content": format!("<think>hm</think>```json\n{object}\n```")})),
        envelope(json!({"content": [{"type": "text", "text": object.to_string()}]})),
        envelope(json!({"content": null, "tool_calls": [{"function": {"arguments": object}}]})),
        envelope(json!({"content": null, "tool_calls": [{"function": {"arguments": object.to_string()}}]})),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Numbers that look drawn, and are the same every time.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }
}

fn mutate(body: &mut Vec<u8>, draw: &mut Draw) {
    let at = draw.below(body.len());
    match draw.below(6) {
        0 => body.truncate(at),
        1 => body.insert(at, MARKS[draw.below(MARKS.len())]),
        2 => {
            let end = (at + draw.below(20)).min(body.len());
            body.drain(at..end);
        }
        3 => {
            let end = (at + draw.below(40)).min(body.len());
            let part = body[at..end].to_vec();
            body.splice(at..at, part.repeat(1 + draw.below(4)));
        }
        4 => {
            if let Some(byte) = body.get_mut(at) {
                *byte = MARKS[draw.below(MARKS.len())];
            }
        }
        _ => {
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << draw.below(8);
            }
        }
    }
}

#[test]
fn a_hundred_thousand_mutated_bodies_are_read_without_a_panic() {
    let (good, mut draw, mut read, mut with_object) = (good(), Draw(20_261_130), 0, 0);
    for nth in 0..BODIES {
        let mut body = good[nth % good.len()].clone();
        for _ in 0..1 + draw.below(4) {
            mutate(&mut body, &mut draw);
        }
        let Some(answer) = answer::read(&body, &WANTED) else { continue };
        read += 1;
        if let Some(object) = answer.object {
            with_object += 1;
            let proposal = Proposal::read(&object);
            assert!(proposal.values.len() <= 10 && answer.text.len() <= 4 * body.len() + 64);
        }
    }
    println!("figure: llm, {BODIES} mutated bodies: {read} with an envelope, {with_object} with an object, 0 panics");
    assert!(with_object > BODIES / 10, "what is complete is used");
    for body in &good {
        assert!(answer::read(body, &WANTED).expect("an envelope").object.is_some());
    }
}

#[test]
fn a_hostile_text_takes_time_in_proportion() {
    for text in ["{".repeat(128 * 1024), "{\"a\":".repeat(30_000), "[".repeat(128 * 1024), "{\"act\":\"".repeat(16_000)]
    {
        assert!(lenient::object(&text, &WANTED).is_none_or(|object| object.len() <= 2), "{}", &text[..20]);
    }
}
