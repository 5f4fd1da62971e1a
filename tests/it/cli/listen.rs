//! `aurix listen` and `aurix trigger`: events for a program that no webhook reaches.

use std::io::Write as _;
use std::process::Stdio;

use aurix::domain::signature;

use super::Operator;
use crate::support::{Receiver, TestApp};

const SECRET: &str = "a secret of the developer's";

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_posted_to_an_address_signed() {
    let (operator, receiver) = (Operator::new(), Receiver::start().await);
    let posted = operator.json_lines(&["trigger", "lead.created", "--forward", &receiver.url, "--secret", SECRET]);
    assert_eq!((posted[0]["secret"].as_str(), posted[1]["status"].as_u64()), (Some(SECRET), Some(200)), "{posted:?}");
    let got = receiver.take();
    assert_eq!((got.len(), got[0].event().as_str()), (1, "lead.created"));
    let expected = signature::hub_signature(SECRET, &got[0].body);
    assert_eq!(got[0].header("x-hub-signature"), expected);

    receiver.respond_next(500);
    let (said, code) = operator.fails(&["trigger", "lead.created", "--forward", &receiver.url]);
    assert!(said.contains("not taken") && code == 1, "{said}");
    let (said, _) = operator.fails(&["trigger", "lead.invented", "--forward", &receiver.url]);
    assert!(said.contains("there is no event \"lead.invented\": use one of widget.click"), "{said}");
    let (said, _) = operator.fails(&["trigger", "lead.created"]);
    assert!(said.contains("--project"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_goes_to_the_webhooks_that_take_it() {
    let (operator, receiver) = (Operator::new(), Receiver::start().await);
    let project = operator.project();
    let (said, _) = operator.fails(&["trigger", "lead.created", "--project", &project]);
    assert!(said.contains("no webhook of the project takes lead.created"), "{said}");
    operator.json_lines(&["webhook", "add", "--project", &project, "--url", &receiver.url, "--event", "lead.created"]);
    let sent = operator.json_lines(&["trigger", "lead.created", "--project", &project]);
    assert_eq!(sent[0]["status"], 200, "{sent:?}");
    assert_eq!(receiver.take()[0].event(), "lead.created");
    let (said, _) = operator.fails(&["trigger", "widget.click", "--project", &project]);
    assert!(said.contains("no webhook"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_posted_once_and_again_at_a_key() {
    let (app, receiver) = (TestApp::on_sqlite().await, Receiver::start().await);
    let project = app.project().await;
    app.click(&project, "device_id=").await;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aurix"));
    command.args(["listen", "--project", &project.public_id, "--forward", &receiver.url, "--secret", SECRET]);
    command.args(["--event", "widget.click", "--data-dir"]).arg(&app.core.config.data_dir);
    let mut listening = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(listening.stdout.take().expect("piped")));
    let mut until = |wanted: &str| {
        lines.find(|line| line.as_ref().expect("text").contains(wanted)).expect("the program goes on").expect("text")
    };
    until("Listening");
    app.click(&project, "device_id=0b9f4c1e-8a51-4f0f-9a3e-2f1d6d1a7c11").await;
    let line = until("widget.click");
    assert!(line.contains("200 in"), "{line}");
    let got = receiver.take();
    assert_eq!(got.len(), 1, "what was there before is not posted");
    listening.stdin.as_mut().expect("piped").write_all(b"\n").expect("it reads");
    until("widget.click");
    let again = receiver.take();
    assert_eq!((again.len(), again[0].body == got[0].body), (1, true));
    listening.kill().expect("it runs");
    listening.wait().expect("it ends");
    app.end().await;
}

#[test]
fn what_cannot_be_listened_to_is_said() {
    let operator = Operator::new();
    let project = operator.project();
    let (said, _) = operator.fails(&["listen", "--project", &project]);
    assert!(said.contains("--forward http://localhost:3000/hook"), "{said}");
    let (said, _) = operator.fails(&["listen", "--project", &project, "--forward", "localhost:3000"]);
    assert!(said.contains("write http://HOST:PORT/PATH"), "{said}");
    let (said, _) =
        operator.fails(&["listen", "--project", &project, "--forward", "http://localhost:1/", "--event", "x"]);
    assert!(said.contains("there is no event \"x\""), "{said}");
    let server =
        ["listen", "--project", &project, "--forward", "http://localhost:1/", "--server", "http://127.0.0.1:1"];
    let (said, _) = operator.fails(&[&server[..], &["--token", "t"]].concat());
    assert!(said.contains("asking http://127.0.0.1:1/api/v1/projects/"), "{said}");
}
