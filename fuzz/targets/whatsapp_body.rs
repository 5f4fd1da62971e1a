//! Any body that a WhatsApp webhook may get: read or refused, and what is read can be told apart and stored.
#![no_main]

use aurix::channels::whatsapp::parse::{Inbound, parse};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    for inbound in parse(body).unwrap_or_default() {
        match inbound {
            Inbound::Message(message) => {
                assert!(!message.platform_id.is_empty() && !message.kind.is_empty());
                assert!(!message.text.is_some_and(|text| text.contains('\0')));
                assert!(serde_json::from_str::<serde_json::Value>(&message.raw).is_ok());
            }
            Inbound::Status(update) => assert!(!update.platform_id.is_empty() && update.status.order() <= 4),
            Inbound::Other { raw, .. } => assert!(!raw.is_empty()),
        }
    }
});
