//! The commands, run as a person runs them: the real program on a folder of its own.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::fresh_folder;

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
    let channel = operator.json(&[
        "channel",
        "add",
        "whatsapp",
        "--project",
        &project,
        "--phone-number-id",
        "791163770738681",
        "--number",
        "+65 1234 5678",
        "--access-token",
        "T",
        "--app-secret",
        "S",
        "--verify-token",
        "V",
    ]);
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
    assert_eq!(operator.json(&["delivery", "list"])["deliveries"], serde_json::json!([]));
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
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers[0]["fields"]["name"], "Mei Tan");
    assert_eq!(answers[0]["values"]["outlet"], "Bugis");
    assert!(text(&answers[1]["error"]).starts_with("line 2:"));
    assert_eq!(answers[2]["fields"]["email"], "mei@example.com");
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
fn every_command_explains_itself_with_an_example() {
    let operator = Operator::new();
    let commands: [&[&str]; 12] = [
        &["serve"],
        &["demo"],
        &["project", "create"],
        &["key", "create"],
        &["channel", "add", "whatsapp"],
        &["widget", "create"],
        &["form", "set"],
        &["form", "try"],
        &["webhook", "add"],
        &["webhook", "test"],
        &["delivery", "show"],
        &["delivery", "resend"],
    ];
    for command in commands {
        let output = operator.runs(&[command, &["--help"]].concat());
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && help.contains("Example"), "{command:?}: {help}");
    }
}
