//! The commands, run as a person runs them: the real program on a folder of its own.

mod agent;
mod attention;
mod audit;
mod backup;
mod link;
mod listen;
mod llm;
mod member;
mod ready;
mod remote;
mod retention;
mod telegram;
mod template;
mod token;
mod web;

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use aurix::deliveries::resend::{resend_delivery, resend_failed};
use aurix::domain::delivery::{DeliveryStatus, Policy};
use aurix::domain::ids::WebhookId;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::outbound::Sent;
use aurix::projects::remove_webhook::remove_webhook;
use aurix::store::delivery_log::{self, Filter};
use serde_json::{Value, json};

use crate::support::{Receiver, TestApp, fresh_folder, operator};

/// A folder with an Aurix in it.
struct Operator(std::path::PathBuf);

impl Operator {
    fn new() -> Self {
        Self(fresh_folder())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
        command.args(arguments).env_clear().env("AURIX_DATA_DIR", &self.0).current_dir(&self.0);
        command
    }

    fn runs(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// The object that a command prints with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.runs(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text.trim_end().lines().count(), 1, "one object on one line");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The objects of a command that prints one on each line.
    fn json_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self
            .command(&[arguments, &["--json"]].concat())
            .env("AURIX_ALLOW_HTTP", "true")
            .env("AURIX_ALLOW_NETWORKS", "127.0.0.0/8")
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// What a command that fails says, and its exit code.
    fn fails(&self, arguments: &[&str]) -> (String, i32) {
        let output = self.runs(arguments);
        (String::from_utf8_lossy(&output.stderr).trim().to_owned(), output.status.code().expect("it ended by itself"))
    }

    fn project(&self) -> String {
        text(
            &self.json(&["project", "create", "A shop", "--region", "SG", "--timezone", "Asia/Singapore"])["project_id"],
        )
    }
}

impl Operator {
    fn channel(&self, project: &str, access_token: &str) -> Value {
        self.json(&channel_arguments(project, access_token))
    }
}

/// `channel add`, with a number as people write it.
fn channel_arguments<'a>(project: &'a str, access_token: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["channel", "add", "whatsapp", "--project", project, "--access-token", access_token];
    arguments.extend(["--phone-number-id", "791163770738681", "--number", "+65 1234 5678"]);
    arguments.extend(["--app-secret", "S", "--verify-token", "V"]);
    arguments
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn an_operator_sets_a_project_up() {
    let operator = Operator::new();
    let project = operator.project();
    let channel = operator.channel(&project, "T");
    assert_eq!(channel["channel_id"], "791163770738681");
    assert!(text(&channel["webhook_url"]).ends_with("/channels/whatsapp/791163770738681/webhook"));
    let widget = operator.json(&["widget", "create", "--project", &project, "--channel", "791163770738681"]);
    assert!(text(&widget["snippet"]).contains(&format!("data-widget=\"{}\"", text(&widget["widget_id"]))));
    let key = operator.json(&["key", "create", "--project", &project, "--service", "topkee"]);
    assert!(text(&key["key"]).starts_with("aurix_key_"));
    assert_eq!(operator.json(&["key", "list", "--project", &project])["keys"][0]["service_name"], "topkee");
    operator.json(&["key", "revoke", &text(&key["key_id"])]);
    let webhook = operator.json(&["webhook", "add", "--project", &project, "--url", "https://crm.example.com/hook"]);
    assert!(text(&webhook["secret"]).starts_with("aurix_"));
    let id = text(&webhook["id"]);
    let rotated = operator.json(&["webhook", "rotate", &id]);
    assert_ne!(rotated["secret"], webhook["secret"]);
    operator.json(&["webhook", "disable", &id]);
    assert_eq!(operator.json(&["webhook", "list", "--project", &project])["webhooks"][0]["is_active"], false);
    operator.json(&["webhook", "remove", &id]);
    assert_eq!(operator.json(&["delivery", "list"])["deliveries"], json!([]));
    assert_eq!(operator.json(&["reply", "list", "--project", &project, "--status", "failed"])["replies"], json!([]));
    assert_eq!(operator.json(&["reply", "resend", "--project", &project, "--since", "2026-01-31"])["resent"], json!(0));
    let (error, code) = operator.fails(&["reply", "resend", "--project", &project, "no-such-reply"]);
    assert!(error.contains("aurix reply list") && code == 1, "{error}");
}

#[test]
fn a_form_is_set_shown_and_tried() {
    let operator = Operator::new();
    let project = operator.project();
    let file = operator.0.join("form.json");
    let form = r#"{"fields":[{"key":"outlet","type":"choice","required":true,"question":"Which outlet?","options":["Orchard","Bugis"]}]}"#;
    std::fs::write(&file, form).expect("written");
    operator.json(&["form", "set", "--project", &project, "form.json"]);
    let shown = operator.json(&["form", "show", "--project", &project]);
    let keys: Vec<String> =
        shown["fields"].as_array().expect("fields").iter().map(|field| text(&field["key"])).collect();
    assert!(["name", "email", "phone", "outlet"].iter().all(|key| keys.iter().any(|other| other == key)), "{keys:?}");

    let mut child = operator
        .command(&["form", "try", "form.json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines = b"{\"text\":\"Bugis please, I am Mei Tan\",\"requested\":[\"outlet\"]}\nnonsense\n{\"text\":\"mei@example.com\"}\n";
    child.stdin.take().expect("piped").write_all(lines).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let responses: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(responses[0]["fields"]["name"], "Mei Tan");
    assert_eq!(responses[0]["values"]["outlet"], "Bugis");
    assert!(text(&responses[1]["error"]).starts_with("line 2:"));
    assert_eq!(responses[2]["fields"]["email"], "mei@example.com");
    assert_eq!(output.status.code(), Some(1), "one line could not be read");
}

#[test]
fn a_wrong_setting_stops_the_start_with_a_line_that_names_it() {
    let operator = Operator::new();
    for (setting, value) in [
        ("AURIX_LISTEN", "nowhere"),
        ("AURIX_BASE_URL", "ftp://x"),
        ("AURIX_DATABASE", "mysql://x"),
        ("AURIX_ALLOW_NETWORKS", "10.0.0.0/99"),
        ("AURIX_ALLOW_HTTP", "perhaps"),
        ("AURIX_TRUSTED_PROXIES", "proxy"),
        ("AURIX_RETRY_SCHEDULE", "5 apples"),
        ("AURIX_RETENTION", "clicks=soon"),
        ("AURIX_LOG_FORMAT", "xml"),
    ] {
        let output = operator.command(&["serve"]).env(setting, value).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        assert!(said.starts_with(setting) && said.lines().count() == 1, "{setting}: {said}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let operator = Operator::new();
    let project = operator.project();
    let cases: [(&[&str], &str); 7] = [
        (&["key", "create", "--project", "nothing"], "aurix project list"),
        (&["widget", "create", "--project", &project, "--channel", "1"], "aurix channel list"),
        (&["webhook", "test", "nothing"], "aurix webhook list"),
        (&["delivery", "show", "17"], "aurix delivery list"),
        (&["webhook", "add", "--project", &project, "--url", "http://127.0.0.1/"], "https"),
        (&["project", "create", "x", "--region", "Singapore"], "Singapore"),
        (&["form", "set", "--project", &project, "missing.json"], "missing.json"),
    ];
    for (arguments, expected) in cases {
        let (said, code) = operator.fails(arguments);
        assert!(said.starts_with("error: ") && said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(code, 1);
    }
}

#[test]
fn lists_have_the_same_shape_for_programs_every_time() {
    let operator = Operator::new();
    let project = operator.project();
    let empty = |arguments: &[&str], name: &str| {
        let arguments = [arguments, &["list", "--project", &project]].concat();
        assert_eq!(operator.json(&arguments), json!({ name: [] }));
        let printed = String::from_utf8(operator.runs(&arguments).stdout).expect("UTF-8");
        assert!(printed.contains("yet: aurix "), "an empty list says what to do: {printed}");
    };
    empty(&["key"], "keys");
    empty(&["channel"], "channels");
    empty(&["widget"], "widgets");
    empty(&["link"], "links");
    empty(&["webhook"], "webhooks");
    let listed = operator.json(&["project", "list"]);
    let shop = json!({"project_id": project, "name": "A shop", "region": "SG", "timezone": "Asia/Singapore", "ip": "full",
               "lead_created": "details", "nudge_after": "4h", "abandoned_after": "24h", "links_domain": null});
    assert_eq!(listed, json!({ "projects": [shop] }));
    operator.channel(&project, "T");
    let base_url = "https://aurix.example.com";
    let channel = json!({"channel": "whatsapp", "channel_id": "791163770738681", "number": "6512345678", "bot": null, "name": null,
        "api_base": "https://graph.facebook.com", "webhook_url": format!("{base_url}/channels/whatsapp/791163770738681/webhook"),
        "fault": null, "fault_since": null, "inbound_fault": null, "inbound_fault_since": null});
    let listed = operator.json(&["channel", "list", "--project", &project, "--base-url", base_url]);
    assert_eq!(listed, json!({ "channels": [channel] }));
}

#[test]
fn a_channel_gets_new_credentials_in_its_own_project_only() {
    let operator = Operator::new();
    let project = operator.project();
    operator.channel(&project, "first");
    operator.channel(&project, "second");
    assert_eq!(
        operator.json(&["channel", "list", "--project", &project])["channels"].as_array().map(Vec::len),
        Some(1)
    );
    let other = operator.project();
    let output = operator.command(&channel_arguments(&other, "third")).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("belongs to another project"), "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let operator = Operator::new();
    let mut child = operator
        .command(&["project", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let mut program = aurix::cli::command();
    program.build();
    let mut waiting: Vec<(String, &clap::Command)> = vec![("aurix".to_owned(), &program)];
    let mut seen = 0;
    while let Some((name, command)) = waiting.pop() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 10, "{name}: {about}");
        assert!(after.contains("  aurix ") || after.contains("Example"), "{name} has no example: {after}");
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            assert!(argument.get_help().is_some(), "{name}: {}", argument.get_id());
        }
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        waiting.extend(below.map(|below| (format!("{name} {}", below.get_name()), below)));
        seen += 1;
    }
    assert!(seen >= 30, "{seen} commands");
}

both_engines! {
    async fn what_failed_is_sent_again_once_since_a_time(app: &TestApp) {
        let project = app.project().await;
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        for receiver in [&receiver, &other] {
            app.webhook_with(&project, receiver, Policy::None).await;
        }
        let mut since = app.core.clock.now();
        for visitor in ["device_id=d1", "device_id=d2", "device_id=d3"] {
            app.advance(SignedDuration::from_hours(1));
            since = if visitor.ends_with("d2") { app.core.clock.now() } else { since };
            app.click(&project, visitor).await;
            receiver.respond_next(500);
            other.respond_next(500);
            app.work().await;
        }
        assert_eq!((receiver.take().len(), other.take().len()), (3, 3));
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'failed'").await, 6);

        let first = (project.id, WebhookId(app.count("SELECT MIN(id) FROM webhooks").await));
        let resent = resend_failed(&app.core, &operator(), Some(first), since, |_| {}).await.expect("resent");
        app.work().await;
        assert_eq!((resent, receiver.take().len(), other.take().len()), (2, 2, 0));
        assert_eq!(resend_failed(&app.core, &operator(), Some(first), since, |_| {}).await.expect("resent"), 0);

        let reported = AtomicU64::new(0);
        let report = |so_far| reported.store(so_far, Ordering::Relaxed);
        let resent = resend_failed(&app.core, &operator(), None, Timestamp::UNIX_EPOCH, report).await;
        assert_eq!((resent.expect("resent"), reported.into_inner()), (4, 4));
        app.work().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'").await, 6);
    }

    async fn the_log_shows_each_delivery_with_its_attempts(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook_with(&project, &receiver, Policy::None).await;
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        let failed = Filter { status: Some(DeliveryStatus::Failed), ..Filter::default() };
        let id = project.id;
        let (row, body, attempts) = app
            .core
            .db
            .read(async move |conn| {
                let row = delivery_log::list(conn, &failed, 10).await?.remove(0);
                let body = delivery_log::body(conn, id, row.id).await?;
                let attempts = delivery_log::attempts(conn, id, row.id).await?;
                Ok((row, body, attempts))
            })
            .await
            .expect("one delivery");
        assert_eq!((row.event_type.as_str(), row.attempts, row.is_webhook_active), ("widget.click", 1, true));
        let received = receiver.take().remove(0);
        assert_eq!(body.as_bytes(), received.body);
        assert_eq!((attempts.len(), attempts[0].status_code), (1, Some(500)));
        let sent = Sent::from_log(&attempts[0].sent).expect("as it was written");
        let headers = sent.headers(&row.event_id, attempts[0].started_at);
        assert_eq!(headers.len(), 7);
        headers.iter().for_each(|(name, value)| assert_eq!(value, received.header(name), "{name}"));

        let removed = WebhookId(app.count("SELECT id FROM webhooks").await);
        remove_webhook(&app.core, &operator(), project.id, removed).await.expect("removed");
        assert!(!resend_delivery(&app.core, &operator(), project.id, row.id).await.expect("refused"), "its webhook is gone");
    }
}
