//! Any response of WhatsApp's API to a message that was sent: what became of it, in words for an operator.

use aurix::channels::SendOutcome;
use aurix::channels::whatsapp::send::outcome;

/// Panics where it does not hold for this input.
pub fn check(response: (Option<u16>, &[u8])) {
    let (status, body) = response;
    match outcome(status, None, body) {
        SendOutcome::Sent { .. } => assert!(status.is_some_and(|status| (200..300).contains(&status))),
        SendOutcome::Retry { reason, .. } => assert!(!reason.is_empty()),
        SendOutcome::ChannelFault { reason, code } | SendOutcome::GiveUp { reason, code } => {
            assert!(!reason.is_empty() && reason.chars().count() < 1_000 && code.is_some());
        }
        other => unreachable!("WhatsApp has none of this: {other:?}"),
    }
}
