//! Any body that a WhatsApp webhook may get: read or refused, and what is read can be told apart and stored.

use aurix::channels::Inbound;
use aurix::channels::whatsapp::parse::{SLICE_ITEMS_MAX, parse, parse_slices};

/// Panics where it does not hold for this input.
pub fn check(body: &[u8]) {
    let mut slices = 0;
    let sliced = parse_slices(body, &mut |slice| {
        assert!((1..=SLICE_ITEMS_MAX).contains(&slice.len()));
        slices += slice.len();
        true
    });
    let whole = parse(body);
    assert_eq!(sliced.is_ok(), whole.is_ok());
    let whole = whole.unwrap_or_default();
    assert!(sliced.is_err() || slices == whole.len());
    for inbound in whole {
        assert!(!inbound.raw().is_empty());
        match inbound {
            Inbound::Message(message) => {
                assert!(!message.external_id.is_empty());
                assert!(!message.text.is_some_and(|text| text.contains('\0')));
                assert!(serde_json::from_str::<serde_json::Value>(&message.raw).is_ok());
            }
            Inbound::Echo(echo) => assert!(!echo.external_id.is_empty()),
            Inbound::Past(past) => assert!(!past.external_id.is_empty() && !past.person.is_empty()),
            Inbound::Entry(entry) => assert!(!entry.person.is_empty()),
            Inbound::Status(update) => assert!(!update.external_id.is_empty() && update.status.rank() <= 4),
            Inbound::IdChange(_) | Inbound::Told(_) | Inbound::Preference(_) | Inbound::Other { .. } => {}
            other => unreachable!("WhatsApp has none of this: {other:?}"),
        }
    }
}
