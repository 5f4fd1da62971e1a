//! A request's id: in its response, and in the log lines of what it causes.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::support::{Log, Receiver, TestApp, until};

const LIMIT: Duration = Duration::from_secs(30);
const SUCCEEDED: &str = "delivery attempt succeeded";

both_engines! {
    async fn a_log_line_of_a_delivery_attempt_carries_the_request_id_of_the_click_that_caused_it(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        let (log, _guard) = Log::start();
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.engines.clone(), stopping));

        // A delivery that is claimed from the database belongs to no request: clicks, until one is dispatched at once.
        let mut clicks = 0;
        let dispatched = |line: &Value| line["spans"].as_array().is_some_and(|spans| spans.len() == 2);
        until("a click's delivery is dispatched in this process", LIMIT, async || {
            clicks += 1;
            let (path, id) = (format!("/c/{}?device_id=d{clicks}", project.widget_id), format!("click-{clicks}"));
            app.get(&path, &[("x-request-id", &id)]).await;
            log.lines(SUCCEEDED).iter().any(dispatched)
        })
        .await;

        let line = log.lines(SUCCEEDED).into_iter().find(dispatched).expect("just seen");
        let [request, delivery] = line["spans"].as_array().expect("spans").as_slice() else { panic!("{line}") };
        assert_eq!((&request["name"], &delivery["name"]), (&"request".into(), &"delivery".into()));
        assert_eq!((&delivery["webhook_id"], &delivery["attempt"]), (&1.into(), &1.into()));
        let sent = receiver.take();
        let event = sent.iter().find(|one| delivery["event_id"] == one.header("webhook-id")).expect("it was received");
        let device = event.json()["data"]["device_id"].as_str().expect("a device").to_owned();
        assert_eq!(request["request_id"], device.replace('d', "click-"));
    }

    async fn a_response_tells_the_id_of_its_request(app: &TestApp) {
        assert_eq!(app.get("/healthz", &[("x-request-id", "mine-1")]).await.0.header("x-request-id"), Some("mine-1"));
        for given in [&[("x-request-id", "not \"sane\"")] as &[_], &[]] {
            let made = app.get("/no-such-path", given).await.0.header("x-request-id").map(str::to_owned).expect("an id");
            assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
        }
    }
}
