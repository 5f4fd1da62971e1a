//! Deliveries as the library `standardwebhooks` of crates.io reads them. Those for Python and JavaScript do the same in `tests/clients`.

use aurix::domain::ids::WebhookId;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::projects::rotate_secret::rotate_secret;
use standardwebhooks::{Webhook, WebhookError};

use crate::support::{Received, Receiver, TestApp, operator};

/// How old a request may be for the library.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Leave for a machine that stands still between a delivery and its check.
const LEAVE: SignedDuration = SignedDuration::from_mins(2);

both_engines! {
    async fn the_standard_webhooks_library_accepts_what_is_ours_and_nothing_else(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let secret = app.webhook(&project, &receiver).await;
        set_clock(app, SignedDuration::ZERO);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let received = receiver.take();
        let [delivery] = &received[..] else { panic!("not one delivery: {received:?}") };
        verify(&secret, delivery).expect("it is ours");
        let mut changed = delivery.clone();
        changed.body = [&changed.body[..], b" "].concat().into();
        assert!(matches!(verify(&secret, &changed), Err(WebhookError::InvalidSignature)));
        let mut renamed = delivery.clone();
        renamed.headers.insert("webhook-id", "evt_another".parse().expect("a value"));
        assert!(matches!(verify(&secret, &renamed), Err(WebhookError::InvalidSignature)));
        assert!(matches!(verify(&format!("{secret}0"), delivery), Err(WebhookError::InvalidSignature)));
    }

    async fn the_standard_webhooks_library_refuses_what_is_old(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let secret = app.webhook(&project, &receiver).await;
        for (before, is_old) in [(TOLERANCE + LEAVE, true), (TOLERANCE - LEAVE, false)] {
            set_clock(app, before);
            app.click(&project, "device_id=d1").await;
            app.work().await;
            let verified = verify(&secret, &receiver.take()[0]);
            assert_eq!(matches!(verified, Err(WebhookError::TimestampTooOldError)), is_old, "{verified:?}");
            assert_eq!(verified.is_ok(), !is_old, "{verified:?}");
        }
    }

    async fn the_standard_webhooks_library_accepts_both_secrets_while_they_overlap(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let old = app.webhook(&project, &receiver).await;
        // The rotation, a delivery within its 24 hours, and one after them.
        set_clock(app, SignedDuration::from_hours(24));
        let rotated = rotate_secret(&app.core, &operator(), project.id, WebhookId(1)).await.expect("rotated").expect("there");
        let new = app.core.seal.open(rotated.secret_place(), &rotated.sealed_secret).expect("our key");
        for (before, old_is_valid) in [(LEAVE, true), (SignedDuration::ZERO, false)] {
            set_clock(app, before);
            app.click(&project, "device_id=d1").await;
            app.work().await;
            let delivery = receiver.take().pop().expect("a delivery");
            verify(&new, &delivery).expect("the new secret is valid");
            assert_eq!(verify(&old, &delivery).is_ok(), old_is_valid);
        }
    }
}

/// Checks a request as a receiver with the library does. It takes our secrets as bytes.
fn verify(secret: &str, request: &Received) -> Result<(), WebhookError> {
    Webhook::from_bytes(secret.as_bytes().to_vec())?.verify(&request.body, &request.headers)
}

/// Sets the clock of Aurix to so long before the time of this machine, which the library compares with.
#[expect(clippy::disallowed_methods, reason = "the library knows no other clock")]
fn set_clock(app: &TestApp, before: SignedDuration) {
    let wanted = Timestamp::now() - before;
    app.advance(app.core.clock.now().duration_until(wanted));
}
