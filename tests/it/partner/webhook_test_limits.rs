//! How often a webhook may be tested.

use aurix::domain::time::SignedDuration;
use aurix::net::Method;

use super::Partner;
use crate::support::{Project, TestApp};

const EXTERNAL: &str = "/integrations/external/webhook-config";

/// A partner whose webhook nobody listens at.
async fn partner<'a>(app: &'a TestApp, project: &Project) -> Partner<'a> {
    let partner = Partner::new(app, project, "external").await;
    partner.put_webhook(EXTERNAL, "http://127.0.0.1:1/closed").await;
    partner
}

/// The status of a test, and how long it says to wait.
async fn test(partner: &Partner<'_>) -> (u16, Option<String>) {
    let response = partner.send(Method::POST, &format!("{EXTERNAL}/test"), "").await;
    (response.status(), response.0.header("retry-after").map(str::to_owned))
}

both_engines! {
    async fn a_key_tests_its_webhook_ten_times_and_then_every_six_seconds(app: &TestApp) {
        let project = app.project().await;
        let (one, other) = (partner(app, &project).await, partner(app, &project).await);
        for _ in 0..10 {
            assert_eq!(test(&one).await, (200, None));
        }
        assert_eq!(test(&one).await, (429, Some("6".to_owned())));
        assert_eq!(test(&other).await, (200, None), "a key of its own");
        app.advance(SignedDuration::from_millis(5_500));
        assert_eq!(test(&one).await, (429, Some("1".to_owned())));
        app.advance(SignedDuration::from_millis(500));
        assert_eq!(test(&one).await, (200, None));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'webhook.test'").await, 12, "refused ones are not kept");
    }

    async fn the_keys_of_a_project_test_thirty_times_together(app: &TestApp) {
        let project = app.project().await;
        for _ in 0..3 {
            let partner = partner(app, &project).await;
            for _ in 0..10 {
                assert_eq!(test(&partner).await, (200, None));
            }
        }
        assert_eq!(test(&partner(app, &project).await).await, (429, Some("2".to_owned())));
        let elsewhere = app.project_named("Another shop", "791163770738682").await;
        assert_eq!(test(&partner(app, &elsewhere).await).await, (200, None));
    }
}
