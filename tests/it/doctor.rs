//! What the doctor says of an installation.

use aurix::channels::FindingState;
use aurix::doctor::{Examined, examine};
use aurix::domain::time::SignedDuration;

use crate::support::TestApp;

/// The finding of that name.
fn of<'a>(found: &'a [Examined], about: &str, name: &str) -> &'a Examined {
    found
        .iter()
        .find(|one| one.about == about && one.finding.name == name)
        .unwrap_or_else(|| panic!("nothing of {about} {name}: {found:?}"))
}

both_engines! {
    async fn an_installation_is_looked_over(app: &TestApp) {
        // The clock of a test stands where the test wants it; the doctor compares it with others.
        let found = examine(&app.core, |_| {}).await.expect("it can look");
        assert_eq!(of(&found, "database", "writing").finding.state, FindingState::Fine);
        assert_eq!(of(&found, "database", "file").finding.state, FindingState::Fine);
        assert_eq!(of(&found, "reach", "answer").finding.state, FindingState::Fine);
        let clock = of(&found, "reach", "clock");
        assert_eq!(clock.finding.state, FindingState::Missing, "{clock:?}");
        assert!(clock.finding.said.contains("time server"), "{clock:?}");
        let url = of(&found, "settings", "base URL");
        assert_eq!(url.finding.state, FindingState::Attention, "{url:?}");
        assert!(url.finding.said.contains("this machine"), "{url:?}");
        assert!(found.iter().all(|one| one.about != "attention"), "{found:?}");
        if app.core.db.has_peers() {
            assert_eq!(of(&found, "database", "clock").finding.state, FindingState::Missing);
        }

        app.project().await;
        app.execute("UPDATE channels SET fault = 'The token is no good.', fault_since = 1").await;
        app.core.clock.advance(SignedDuration::from_secs(1));
        aurix::attention::look(&app.core).await.expect("a look");
        let found = examine(&app.core, |_| {}).await.expect("it can look");
        let channel = found.iter().find(|one| one.finding.name == "sending").expect("the channel's fault");
        assert!(channel.about.starts_with("WhatsApp") && channel.finding.said.contains("no good"), "{channel:?}");
        assert!(found.iter().any(|one| one.about == "attention"), "{found:?}");
        assert!(!found.iter().any(|one| one.finding.said.contains("the verify token")), "no secret is shown");
    }
}

/// A server that shows a certificate for these names, of an authority's and valid for so many days from the time of the tests: its port.
async fn shows(names: &[&str], days: i64) -> u16 {
    use std::sync::Arc;
    use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = rcgen::CertificateParams::new(names).expect("names");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "R11");
    let start: aurix::domain::time::Timestamp = crate::support::START.parse().expect("a time");
    let at = |day: i64| {
        let seconds = u64::try_from(start.as_second() + day * 86_400 + 3_600).expect("after 1970");
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
    };
    (params.not_before, params.not_after) = (at(days - 90), at(days));
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("signed").der().clone();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring knows them").with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let acceptor =
        tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate], key).expect("a pair")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    port
}

/// What the doctor says of such a certificate, behind a base URL of this machine.
async fn said_of(names: &[&str], days: i64) -> (FindingState, String) {
    let port = shows(names, days).await;
    let app = TestApp::on_sqlite_with(|config| config.base_url = format!("https://localhost:{port}")).await;
    let found = examine(&app.core, |_| {}).await.expect("it can look");
    let finding = &of(&found, "reach", "certificate").finding;
    let said = (finding.state, finding.said.clone());
    app.end().await;
    said
}

#[tokio::test]
async fn a_certificate_is_told_by_whom_and_for_how_long() {
    let said = said_of(&["localhost"], 61).await;
    assert_eq!(said, (FindingState::Fine, "issued by R11, valid for 61 days, until 2026-03-04".to_owned()));
    assert_eq!(said_of(&["localhost"], 14).await.0, FindingState::Fine);
}

#[tokio::test]
async fn a_certificate_that_ends_within_two_weeks_has_had_no_renewal() {
    let (state, said) = said_of(&["localhost"], 13).await;
    assert_eq!(state, FindingState::Attention);
    assert!(said.starts_with("it expires on 2026-01-15, in 13 days. Look at what renews it"), "{said}");
    let (state, said) = said_of(&["localhost"], -2).await;
    assert_eq!(state, FindingState::Missing);
    assert!(said.starts_with("it expired on 2025-12-31"), "{said}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told() {
    let (state, said) = said_of(&["a.example", "b.example"], 61).await;
    assert_eq!(state, FindingState::Missing);
    assert!(said.starts_with("it is for a.example, b.example, and not for localhost"), "{said}");
}

#[tokio::test]
async fn an_order_that_failed_is_told_with_what_to_do() {
    use aurix::config::Acme;
    use aurix::store::certificates;
    let app = TestApp::on_sqlite_with(|config| config.acme = Some(Acme::new(vec!["a.example".to_owned()]))).await;
    let now = app.core.clock.now();
    let order = async || {
        let found = examine(&app.core, |_| {}).await.expect("it can look");
        let finding = &of(&found, "reach", "order").finding;
        (finding.state, finding.said.clone())
    };
    assert_eq!(order().await.0, FindingState::Attention, "nobody has begun");
    let fail = async move |tx: &aurix::db::Tx| {
        certificates::register(tx, "a.example", now).await?;
        let claimed = certificates::claim(tx, "a.example", now, now).await?.expect("due");
        Ok(certificates::settle_failed(tx, ("a.example", claimed.attempt), "Open port 443.", now).await?)
    };
    app.core.db.write(fail).await.expect("failed");
    let said = "Open port 443. The next order is made at 2026-01-02T10:00:00Z.".to_owned();
    assert_eq!(order().await, (FindingState::Missing, said));
    app.end().await;
}

/// What the doctor says of a collector of traces.
#[cfg(feature = "otlp")]
async fn said_of_collector(otlp: Option<aurix::config::Otlp>) -> (FindingState, String) {
    let app = TestApp::on_sqlite_with(|config| config.otlp = otlp).await;
    let found = examine(&app.core, |_| {}).await.expect("it can look");
    let finding = &of(&found, "traces", "collector").finding;
    let said = (finding.state, finding.said.clone());
    app.end().await;
    said
}

#[cfg(feature = "otlp")]
#[tokio::test]
async fn it_is_told_whether_the_collector_of_traces_answers() {
    use aurix::config::Otlp;
    let (state, said) = said_of_collector(None).await;
    assert_eq!((state, said.as_str()), (FindingState::Fine, "none: AURIX_OTLP_ENDPOINT is not set"));

    let collector = crate::support::Receiver::start().await;
    let mut otlp = Otlp::new(collector.url.clone());
    otlp.headers.push(("authorization".to_owned(), "Bearer hunter2".to_owned()));
    let (state, said) = said_of_collector(Some(otlp.clone())).await;
    assert!(state == FindingState::Fine && said.contains("takes traces; it answered in "), "{said}");
    let asked = collector.take().remove(0);
    assert_eq!((asked.header("authorization"), asked.body.len()), ("Bearer hunter2", 0));

    collector.respond_next(401);
    let (state, said) = said_of_collector(Some(otlp)).await;
    assert_eq!(state, FindingState::Missing);
    assert!(said.contains("it answers 401") && said.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");

    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v1/traces", unused.local_addr().expect("bound"));
    drop(unused);
    let (state, said) = said_of_collector(Some(Otlp::new(url))).await;
    assert!(state == FindingState::Missing && said.contains("refused") && said.contains("4318"), "{said}");
}
