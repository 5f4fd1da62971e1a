//! Calls with many items: what they cost, and how they are divided.

use super::super::super::message::comparisons;
use super::*;

/// A body of `number` messages and one contact who sent none of them.
fn wide(number: usize, message: impl Fn(usize) -> Value) -> Vec<u8> {
    let messages: Vec<Value> = (0..number).map(message).collect();
    body(json!({"contacts": [{"user_id": "SG.1"}], "messages": messages}))
}

fn slices(body: &[u8]) -> Vec<usize> {
    let mut sizes = Vec::new();
    parse_slices(body, &mut |slice| {
        sizes.push(slice.len());
        true
    })
    .unwrap();
    sizes
}

#[test]
fn a_large_call_is_read_in_slices() {
    let message = |number: usize| json!({"from": number.to_string(), "id": number.to_string()});
    assert_eq!(slices(&wide(2_500, message)), [1_000, 1_000, 500]);
    assert_eq!(slices(&wide(1_000, message)), [1_000]);
    assert_eq!(parse(&wide(2_500, message)).unwrap().len(), 2_500);
    let mut taken = 0;
    parse_slices(&wide(2_500, message), &mut |slice| {
        taken += slice.len();
        false
    })
    .unwrap();
    assert_eq!(taken, 1_000, "nobody wants the rest");
}

#[test]
fn many_messages_and_one_contact_cost_time_in_proportion() {
    const MESSAGES: usize = 10_000;
    for message in [
        (|_| json!({"from": "1"})) as fn(usize) -> Value,
        |number| json!({"from": number.to_string(), "id": number.to_string()}),
    ] {
        let body = wide(MESSAGES, message);
        let before = comparisons();
        parse(&body).unwrap();
        let taken = comparisons() - before;
        assert!(taken <= 4 * MESSAGES, "{taken} comparisons of {MESSAGES} messages");
    }
    assert_eq!(slices(&wide(MESSAGES, |_| json!({"from": "1"}))), [1], "the same message again and again");
}
