//! A request's id: in its response, and in the log lines of what it causes.

use aurix::domain::ids::WebhookId;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::support::{Receiver, TestApp, until};

const LIMIT: Duration = Duration::from_secs(30);
const WEBHOOK: WebhookId = WebhookId(1);

/// What is logged on this thread, as JSON lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics here").write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter("aurix=debug")
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The first line of that event.
    fn line(&self, message: &str) -> Option<Value> {
        let text = String::from_utf8(self.0.lock().expect("nobody panics here").clone()).expect("UTF-8");
        let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.find(|line| line["fields"]["message"] == message)
    }
}

both_engines! {
    async fn a_log_line_of_a_delivery_attempt_carries_the_request_id_of_the_click_that_caused_it(app: &TestApp) {
        let (project, receiver) = (app.project().await, Receiver::start().await);
        app.webhook(&project, &receiver).await;
        let (_stop, stopping) = watch::channel(false);
        tokio::spawn(aurix::worker::run(app.engines.clone(), stopping));
        app.press(&project, "device_id=d1").await;
        let dispatch = &app.engines.deliveries.local_dispatch;
        until("the dispatcher has room", LIMIT, async || dispatch.try_acquire(WEBHOOK).is_some()).await;

        let (log, _guard) = Log::start();
        receiver.answer_next(500);
        let path = format!("/c/{}?device_id=d2", project.widget_id);
        app.get(&path, &[("x-request-id", "click-17")]).await;
        until("the attempt is logged", LIMIT, async || log.line("delivery attempt failed").is_some()).await;

        let line = log.line("delivery attempt failed").expect("just seen");
        let [request, delivery] = line["spans"].as_array().expect("spans").as_slice() else { panic!("{line}") };
        assert_eq!((&request["name"], &request["request_id"]), (&"request".into(), &"click-17".into()));
        assert_eq!((&delivery["name"], &delivery["webhook_id"]), (&"delivery".into(), &WEBHOOK.0.into()));
        assert_eq!(delivery["attempt"], 1);
        let event_id = receiver.take().pop().expect("one").header("webhook-id").to_owned();
        assert_eq!(delivery["event_id"], event_id);
    }

    async fn a_response_tells_the_id_of_its_request(app: &TestApp) {
        assert_eq!(app.get("/healthz", &[("x-request-id", "mine-1")]).await.0.header("x-request-id"), Some("mine-1"));
        for given in [&[("x-request-id", "not \"sane\"")] as &[_], &[]] {
            let made = app.get("/no-such-path", given).await.0.header("x-request-id").map(str::to_owned).expect("an id");
            assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
        }
    }
}
