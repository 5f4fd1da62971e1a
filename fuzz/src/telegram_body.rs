//! Any body that a Telegram webhook may get, and any answer of its API: read or refused, and what is read can be told apart and stored.

use aurix::channels::Inbound;
use aurix::channels::telegram::api;
use aurix::channels::telegram::parse::{Bot, parse};

/// Panics where it does not hold for this input.
pub fn check(body: &[u8]) {
    let again = || parse(body, Bot { username: "shop_bot" });
    for inbound in again().unwrap_or_default() {
        match inbound {
            Inbound::Message(message) => {
                assert!(!message.external_id.is_empty() && !message.sender.ids.is_empty());
                assert!(!message.text.is_some_and(|text| text.contains('\0')));
                assert!(serde_json::from_str::<serde_json::Value>(&message.raw).is_ok());
            }
            Inbound::Echo(echo) => assert!(!echo.external_id.is_empty() && !echo.to.ids.is_empty()),
            Inbound::Other { external_id, raw, .. } => assert!(external_id.is_some() && !raw.is_empty()),
            Inbound::Deleted(deleted) => assert!(deleted.messages.len() <= 100),
            Inbound::Reach(reach) => assert!(!reach.person.is_empty()),
            Inbound::Account(update) => assert!(!update.account.is_empty()),
            Inbound::Crowd(crowd) => assert!(!crowd.group.is_empty()),
            Inbound::Gesture(_) => {}
            Inbound::Status(_)
            | Inbound::IdChange(_)
            | Inbound::Told(_)
            | Inbound::Preference(_)
            | Inbound::Past(_)
            | Inbound::Entry(_) => {
                unreachable!("Telegram has none")
            }
        }
    }
    assert_eq!(again().ok(), again().ok(), "the same body has the same ids");
    if let Err(error) = api::read(400, body) {
        assert!(!error.words().is_empty() && error.words().chars().count() < 1_000);
    }
}
