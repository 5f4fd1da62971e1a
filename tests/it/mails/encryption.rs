//! Connections to the mail server: encrypted where that is required, or not at all.

use super::{WITH_ERROR, with_link_asked_for};
use crate::support::TestApp;
use crate::support::smtp::{ReceivedMail, SmtpServer};

/// A mail by a server with these settings.
async fn sent_by(server: &SmtpServer, user: &str, more: &str) -> (TestApp, Vec<ReceivedMail>) {
    let app = TestApp::on_sqlite_with(|config| config.mail = Some(server.settings_with(user, more))).await;
    with_link_asked_for(&app).await;
    app.send_mails().await;
    (app, server.take())
}

#[tokio::test]
async fn a_connection_is_encrypted_before_a_password_is_sent() {
    let server = SmtpServer::start_with_tls().await;
    let (app, sent) = sent_by(&server, "mei:p%2Fss@", "?tls=required").await;
    assert_eq!((sent.len(), app.count(WITH_ERROR).await), (1, 0));
    assert!(sent[0].is_encrypted);
    assert_eq!(sent[0].login, Some(("mei".to_owned(), "p/ss".to_owned())));
    app.end().await;
}

#[tokio::test]
async fn nothing_is_sent_where_encryption_is_required_and_not_offered() {
    let server = SmtpServer::start().await;
    let (app, sent) = sent_by(&server, "mei:hunter2@", "?tls=required").await;
    assert_eq!((sent.len(), server.connections()), (0, 1));
    let error = app.text("SELECT error FROM mails").await.expect("an error");
    assert!(!error.contains("hunter2"), "{error}");
    app.end().await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = SmtpServer::start_with_tls().await;
    let settings = server.settings_with("", "?tls=required");
    let app = TestApp::on_sqlite_with(|config| {
        config.mail = Some(aurix::smtp::MailServer { extra_roots: Vec::new(), ..settings });
    });
    let app = app.await;
    with_link_asked_for(&app).await;
    app.send_mails().await;
    assert_eq!((server.take().len(), app.mails().await), (0, [1, 0, 0]));
    app.end().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let sender = aurix::smtp::Sender::parse(crate::support::smtp::FROM).expect("a sender");
    let server = aurix::smtp::MailServer::parse(&format!("smtp://localhost:{port}"), sender).expect("a server");
    let app = TestApp::on_sqlite_with(|config| config.mail = Some(server)).await;
    with_link_asked_for(&app).await;
    app.send_mails().await;
    let error = app.text("SELECT error FROM mails").await.expect("an error");
    assert!(error.to_lowercase().contains("refused"), "{error}");
    app.end().await;
}
