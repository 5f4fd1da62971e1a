//! Commands against a server: each does and prints what it does and prints beside the server's own data.

mod calls;
mod files;
mod lists;
mod profiles;
mod shells;

use std::process::{Command, Output};

use aurix::domain::account::Role;
use aurix::domain::delivery::Policy;
use aurix::domain::token::{TokenOwner, TokenScope};
use aurix::projects::create_token::{NewToken, create_token};
use regex::Regex;
use serde_json::Value;

use crate::support::{Person, Project, Receiver, TestApp, operator};
use lists::{CHANGES, ELSEWHERE, MACHINE, READS};

/// A server with a project, and what the commands are told of it: twice where they change or remove it.
struct Both {
    app: TestApp,
    project: Project,
    token: String,
    names: Vec<(&'static str, [String; 2])>,
    _receiver: Receiver,
}

/// Beside the data, or against the server.
#[derive(Clone, Copy)]
enum Side {
    Here,
    There,
}

async fn token(app: &TestApp, owner: TokenOwner, scope: TokenScope) -> String {
    let new = NewToken { name: "commands".to_owned(), scope, expires_at: None };
    create_token(&app.core, &operator(), owner, new).await.expect("a token").token
}

impl Both {
    async fn new() -> Self {
        let (app, receiver) = (TestApp::on_sqlite().await, Receiver::start().await);
        let project = app.project().await;
        for _ in 0..2 {
            app.webhook_with(&project, &receiver, Policy::None).await;
        }
        receiver.respond_next(500);
        receiver.respond_next(500);
        app.click(&project, "device_id=d1").await;
        app.work().await;
        for phone in ["6591234567", "6598765432"] {
            Person::new(&app, &project, phone).writes("hello, my name is Mei Tan").await;
        }
        app.settle().await;
        // The commands have the machine's clock: by it, too, WhatsApp takes a reply.
        app.execute(
            "UPDATE messages SET sent_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000,
                                 created_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000
             WHERE direction = 'in'",
        )
        .await;
        let token = token(&app, TokenOwner::Operator, TokenScope::Admin).await;
        let mut both = Self { app, project, token, names: Vec::new(), _receiver: receiver };
        let project = both.project.public_id.clone();
        both.name("PROJECT", [project.clone(), project.clone()]);
        both.name("CHANNEL", [both.project.phone_number_id.clone(), both.project.phone_number_id.clone()]);
        both.name("WIDGET", [both.project.widget_id.clone(), both.project.widget_id.clone()]);
        both.name("SLUG", ["twin-a".to_owned(), "twin-b".to_owned()]);
        let leads = both.json(&["lead", "list", "--project", "PROJECT"])["leads"].clone();
        both.name("LEAD", [0, 1].map(|at| leads[at]["lead_id"].to_string()));
        for email in ["twin-a@example.com", "twin-b@example.com"] {
            both.app.account(email, Some((both.project.id, Role::Member))).await;
        }
        both.name("MEMBER", ["twin-a@example.com".to_owned(), "twin-b@example.com".to_owned()]);
        let newest = both.json(&["event", "list", "--project", "PROJECT"])["events"][0].clone();
        both.name("EVENT", [0, 1].map(|_| newest["event_id"].as_str().expect("an id").to_owned()));
        let ids = |list: &Value, name: &str| [0, 1].map(|at| list[at][name].as_str().expect("an id").to_owned());
        let webhooks = both.json(&["webhook", "list", "--project", "PROJECT"])["webhooks"].clone();
        let deliveries = both.json(&["delivery", "list", "--status", "failed"])["deliveries"].clone();
        both.name("WEBHOOK", ids(&webhooks, "id"));
        both.name("DELIVERY", ids(&deliveries, "id"));
        for (name, words, id) in [
            ("KEY", ["key", "create", "--project", "PROJECT"], "key_id"),
            ("TOKEN", ["token", "create", "--operator", "--name=twin"], "token_id"),
            ("OWNED", ["token", "create", "--project=PROJECT", "--name=twin"], "token_id"),
        ] {
            let made = [0, 1].map(|_| both.json(&words)[id].as_str().expect("an id").to_owned());
            both.name(name, made);
        }
        both
    }

    fn name(&mut self, name: &'static str, values: [String; 2]) {
        self.names.push((name, values));
    }

    fn words(&self, words: &[&str], side: Side) -> Vec<String> {
        let fill = |word: &&str| {
            let filled =
                |text: String, (name, values): &(&str, [String; 2])| text.replace(name, &values[side as usize]);
            self.names.iter().fold((*word).to_owned(), filled)
        };
        words.iter().map(fill).collect()
    }

    fn run(&self, words: &[&str], side: Side) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
        command.args(self.words(words, side)).env_clear().current_dir(&self.app.core.config.data_dir);
        match side {
            Side::Here => command
                .env("AURIX_DATA_DIR", &self.app.core.config.data_dir)
                .env("AURIX_BASE_URL", &self.app.base_url)
                .env("AURIX_ALLOW_HTTP", "true")
                .env("AURIX_ALLOW_NETWORKS", "127.0.0.0/8"),
            Side::There => command.args(["--server", &self.app.base_url]).env("AURIX_TOKEN", &self.token),
        };
        command.output().expect("the program starts")
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat(), Side::Here);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What a command does: its exit code, and what it prints and says, with what is made anew each time left out.
    fn done(&self, words: &[&str], side: Side) -> String {
        let output = self.run(words, side);
        let text = |bytes: &[u8]| without_chance(&String::from_utf8_lossy(bytes));
        format!("{:?}\n{}\n{}", output.status.code(), text(&output.stdout), text(&output.stderr))
    }
}

/// A text without what differs each time: ids, secrets, times, durations.
fn without_chance(text: &str) -> String {
    let rules = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
        (r"evt_[0-9a-f]{32}", "EVENT"),
        (r"aurix_(key_|token_)?[A-Za-z0-9]+…?", "SECRET"),
        (r"chat_[A-Za-z0-9]{8,}", "CHAT"),
        (r"w_[A-Za-z0-9]{10,}", "WIDGET"),
        (r"web_?[A-Za-z0-9]{8,}", "WEB"),
        (r"twin-[ab]", "SLUG"),
        (r"/invitation/[A-Za-z0-9_-]+", "/invitation/TOKEN"),
        (r"\b[0-9]{12,19}\b", "NUMBER"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r#""duration_ms":\d+"#, "DURATION"),
        (r"\b\d+ ms\b", "DURATION"),
        (r"\+65\d{8}\b", "PHONE"),
        (r"(?m)^\d+  TIME", "LEAD  TIME"),
        (r"\blead \d+\b", "lead LEAD"),
    ];
    rules.iter().fold(text.to_owned(), |text, (pattern, name)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *name).into_owned()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_prints_the_same_bytes_here_and_there() {
    let both = Both::new().await;
    let wrong = |words: &&&[&str]| {
        let forms: [&[&str]; 2] = [&[], &["--json"]];
        forms.iter().any(|more| {
            let words = both.words(&[**words, *more].concat(), Side::Here);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (here, there) = (both.run(&words, Side::Here), both.run(&words, Side::There));
            let same =
                (here.status.code(), &here.stdout, &here.stderr) == (there.status.code(), &there.stdout, &there.stderr);
            if !same {
                println!("{words:?}:\n{here:?}\n{there:?}");
            }
            !same
        })
    };
    assert_eq!(READS.iter().filter(wrong).count(), 0);
    both.app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_does_the_same_here_and_there() {
    let both = Both::new().await;
    let folder = &both.app.core.config.data_dir;
    std::fs::write(folder.join("form.json"), r#"{"fields":[{"key":"outlet","type":"text"}]}"#).expect("a file");
    std::fs::write(folder.join("text.txt"), "Parking is free.\n\nDogs are welcome.\n").expect("a file");
    for words in CHANGES {
        let (here, there) = (both.done(words, Side::Here), both.done(words, Side::There));
        assert_eq!(here, there, "{words:?}");
    }
    let twins = both.json(&["webhook", "list", "--project", "PROJECT"]);
    assert_eq!(twins["webhooks"].as_array().map(Vec::len), Some(2), "both were removed, and both added");
    both.app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_by_filter_is_followed_to_its_end() {
    let both = Both::new().await;
    let app = &both.app;
    let worker = tokio::spawn({
        let core = app.core.clone();
        async move {
            loop {
                aurix::deliveries::resend_matching::run_slice(&core).await.expect("a slice");
                core.clock.advance(aurix::domain::time::SignedDuration::from_secs(1));
                tokio::task::yield_now().await;
            }
        }
    });
    let resend = ["delivery", "resend", "--webhook", "WEBHOOK", "--since", "2026-01-01"];
    let output = both.run(&resend, Side::There);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 deliveries are due now.\n", "{output:?}");
    let rest = both.run(&["delivery", "resend", "--since", "2026-01-01", "--json"], Side::There);
    assert_eq!(String::from_utf8_lossy(&rest.stdout), "{\"resent\":1}\n", "{rest:?}");
    worker.abort();
    assert_eq!(app.count("SELECT COUNT(*) FROM deliveries WHERE status = 'pending'").await, 2);
    both.app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_the_machine_says_so() {
    let both = Both::new().await;
    for words in MACHINE {
        let output = both.run(words, Side::There);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(
            said.contains("works on the machine of the server only") && said.contains("webhook, delivery"),
            "{words:?}: {said}"
        );
    }
    for (words, part) in [
        (&["token", "list", "--user", "mei@example.com"][..], "--user works on the machine"),
        (
            &["channel", "add", "telegram", "--project", "PROJECT", "--token", "x", "--api-base", "http://x"],
            "--api-base works on the machine",
        ),
    ] {
        let said = String::from_utf8_lossy(&both.run(words, Side::There).stderr).into_owned();
        assert!(said.contains(part), "{words:?}: {said}");
    }
    both.app.end().await;
}

#[test]
fn every_command_is_compared_or_is_the_machines() {
    let mut program = aurix::cli::command();
    program.build();
    let mut leaves = Vec::new();
    let mut waiting: Vec<(String, &clap::Command)> = vec![(String::new(), &program)];
    while let Some((name, command)) = waiting.pop() {
        let below: Vec<_> = command.get_subcommands().filter(|below| below.get_name() != "help").collect();
        if below.is_empty() {
            leaves.push(name.trim().to_owned());
        }
        waiting.extend(below.into_iter().map(|below| (format!("{name} {}", below.get_name()), below)));
    }
    let known = [READS, CHANGES, MACHINE].concat();
    let is_known = |leaf: &&String| {
        let words: Vec<&str> = leaf.split(' ').collect();
        ELSEWHERE.contains(&leaf.as_str()) || known.iter().any(|line| line.starts_with(&words))
    };
    let missing: Vec<_> = leaves.iter().filter(|leaf| !is_known(leaf)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    assert!(leaves.len() > 60, "{}", leaves.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_project_works_there_and_what_it_may_not_is_said() {
    let mut both = Both::new().await;
    both.token = token(&both.app, TokenOwner::Project(both.project.id), TokenScope::Read).await;
    let listed = both.run(&["delivery", "list"], Side::There);
    assert!(listed.status.success() && String::from_utf8_lossy(&listed.stdout).lines().count() > 2, "{listed:?}");
    let said = |words: &[&str]| String::from_utf8_lossy(&both.run(words, Side::There).stderr).into_owned();
    assert!(
        said(&["key", "create", "--project", "PROJECT"])
            .contains("needs a token of scope admin; this one is of scope read")
    );
    assert!(said(&["audit", "list"]).contains("This needs a token of the operator"));
    both.token = "aurix_token_unknown".to_owned();
    let said = String::from_utf8_lossy(&both.run(&["project", "list"], Side::There).stderr).into_owned();
    assert!(said.contains("This token is unknown") && said.contains("aurix login"), "{said}");
    both.app.end().await;
}
