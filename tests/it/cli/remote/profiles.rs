//! `aurix login`, `aurix logout` and `aurix profile`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use aurix::domain::token::{TokenOwner, TokenScope};

use super::token;
use crate::support::{TestApp, fresh_folder};

/// Somebody at a machine without data.
struct Person(PathBuf);

impl Person {
    fn new() -> Self {
        let folder = fresh_folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn runs(&self, words: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
        command.args(words).env_clear().env("XDG_CONFIG_HOME", self.0.join("config")).current_dir(&self.0);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        // It may not read.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("it ends")
    }

    fn prints(&self, words: &[&str]) -> String {
        let output = self.runs(words, "");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn fails(&self, words: &[&str]) -> String {
        let output = self.runs(words, "");
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_checked_stored_and_used_when_it_is_asked_for() {
    let (app, person) = (TestApp::on_sqlite().await, Person::new());
    app.project().await;
    let token = token(&app, TokenOwner::Operator, TokenScope::Admin).await;
    let login = ["login", "--profile", "prod", &app.base_url];
    let refused = person.runs(&login, "aurix_token_unknown\n");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("This token is unknown"), "{refused:?}");
    let file = person.0.join("config/aurix/profiles.json");
    assert!(!file.exists(), "what does not open the server is not stored");
    let done = person.runs(&login, &format!("{token}\n"));
    assert!(done.status.success() && !String::from_utf8_lossy(&done.stdout).contains(&token), "{done:?}");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);

    assert!(person.prints(&["--profile", "prod", "project", "list"]).contains("A shop"));
    assert!(!person.prints(&["project", "list"]).contains("A shop"), "a stored profile is not used by itself");
    assert!(person.0.join("aurix-data").exists(), "it worked here");
    assert_eq!(person.prints(&["profile", "use", "prod", "--json"]), "{\"current\":\"prod\"}\n");
    let unclear = person.fails(&["project", "list"]);
    assert!(unclear.contains("--profile prod or --data-dir ./aurix-data"), "{unclear}");
    assert!(!person.prints(&["project", "list", "--data-dir", "./aurix-data"]).contains("A shop"));
    std::fs::remove_dir_all(person.0.join("aurix-data")).expect("removed");
    assert!(person.prints(&["project", "list"]).contains("A shop"), "nothing else can be meant");
    assert!(!person.0.join("aurix-data").exists());
    assert_eq!(person.prints(&["profile", "list"]), format!("* prod  {}\n", app.base_url));
    person.prints(&["user", "list"]);
    assert!(person.0.join("aurix-data").exists(), "what is about the machine works here");

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    assert!(person.fails(&["--profile", "prod", "project", "list"]).contains("chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    person.prints(&["logout", "--profile", "prod"]);
    assert!(person.fails(&["--profile", "prod", "project", "list"]).contains("there is no profile \"prod\""));
    assert_eq!(person.prints(&["profile", "list"]), "There is no profile yet: aurix login URL\n");
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_server_are_listened_to() {
    let (app, person) = (TestApp::on_sqlite().await, Person::new());
    let receiver = crate::support::Receiver::start().await;
    let project = app.project().await;
    let token = token(&app, TokenOwner::Project(project.id), TokenScope::Read).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
    command.args(["listen", "--project", &project.public_id, "--forward", &receiver.url]);
    command.args(["--server", &app.base_url, "--token", &token]).current_dir(&person.0);
    let mut listening = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(listening.stdout.take().expect("piped")));
    let mut until = |wanted: &str| {
        lines.find(|line| line.as_ref().expect("text").contains(wanted)).expect("it goes on").expect("text")
    };
    until("Listening");
    app.click(&project, "device_id=0b9f4c1e-8a51-4f0f-9a3e-2f1d6d1a7c11").await;
    assert!(until("widget.click").contains("200 in"));
    assert_eq!(receiver.take().len(), 1);
    listening.kill().expect("it runs");
    listening.wait().expect("it ends");
    app.end().await;
}
