//! TLS built in: certificates are got, kept, renewed and shared between nodes, and visitors of `http://` are sent on.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use aurix::certificates::Certificates;
use aurix::core::Core;
use aurix::db::Location;
use aurix::domain::certificate::Certificate;
use aurix::domain::random::Random;
use aurix::domain::seal::Place;
use aurix::domain::time::SignedDuration;
use aurix::engines::Engines;
use aurix::http::server;
use aurix::net::{self, AddressPolicy, Resolver};
use aurix::projects::secret_key::rotate_secret_key;
use aurix::serve::Listeners;
use aurix::store::certificates::{self, Issued, Standing};
use axum::Router;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::support::acme::{ACME, Authority, Refusal, handshake};
use crate::support::{TestApp, operator, until};

const DOMAIN: &str = "aurix.example";
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const LIMIT: Duration = Duration::from_secs(60);
const HTTP: &[u8] = b"http/1.1";

/// A process that serves with TLS. Its loop looks when the test says so.
struct Node {
    certificates: Certificates,
    address: SocketAddr,
}

impl Node {
    async fn start(core: &Core, authority: &Authority) -> Self {
        let certificates = Certificates::new(core.clone(), authority.settings(&[DOMAIN, "www.aurix.example"]));
        certificates.start().await.expect("started");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let options = server::Options { tls: Some(certificates.clone()), ..server::Options::default() };
        let router = Router::new().route("/", axum::routing::get(async || "hello"));
        tokio::spawn(server::serve(listener, router, options, std::future::pending()));
        Self { certificates, address }
    }

    /// One look of its loop. Whether it ordered.
    async fn look(&self) -> bool {
        self.certificates.look_after().await.expect("a look")
    }

    /// The certificate that a visitor gets; `None` where they get no connection.
    async fn served(&self) -> Option<Certificate> {
        let seen = handshake(self.address, DOMAIN, HTTP).await.ok()?;
        Some(Certificate::parse(&seen.certificate).expect("a certificate"))
    }
}

async fn authority(app: &TestApp) -> Authority {
    Authority::start(app.core.clock.clone(), DAY * 90).await
}

async fn standing(app: &TestApp, authority: &Authority) -> Standing {
    let names = authority.settings(&[DOMAIN, "www.aurix.example"]).names();
    let found = app.core.db.read(async move |conn| Ok(certificates::standing(conn, &names).await?)).await;
    found.expect("a look").expect("it is looked after")
}

both_engines! {
    async fn a_certificate_is_ordered_once_and_a_restart_takes_it_from_the_database(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        assert!(node.served().await.is_none(), "there is none yet");
        assert!(node.look().await);
        let served = node.served().await.expect("a connection");
        assert_eq!(served.names, [DOMAIN, "www.aurix.example"]);
        assert_eq!(served.issuer, "Test Authority, T1");
        assert!(!node.look().await, "it is there");

        let restarted = Node::start(&app.core, &authority).await;
        assert_eq!(restarted.served().await, Some(served));
        assert!(!restarted.look().await);
        assert_eq!((authority.orders(), authority.accounts()), (1, 1));
    }

    async fn a_certificate_is_renewed_before_two_thirds_of_its_life_are_over(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        assert!(node.look().await);
        let first = node.served().await.expect("a connection");
        app.advance(DAY * 55);
        assert!(!node.look().await, "not yet");
        app.advance(DAY * 5);
        assert!(node.look().await);
        let second = node.served().await.expect("a connection");
        assert_eq!(second.not_before.duration_since(first.not_before), DAY * 60);
        assert_eq!((authority.orders(), authority.accounts()), (2, 1), "by the account of the first");
    }

    async fn a_renewal_that_fails_leaves_the_certificate_that_is_there(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        assert!(node.look().await);
        let first = node.served().await;
        app.advance(DAY * 60);
        authority.refuse(Refusal { at: "/order", kind: "serverInternal", status: 500, retry_after: None });
        assert!(node.look().await);
        assert_eq!(node.served().await, first);
        assert_eq!(Node::start(&app.core, &authority).await.served().await, first, "after a restart, too");
    }

    async fn a_refused_order_is_told_and_tried_again_after_pauses_that_grow(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        // Nobody listens there.
        authority.domains_lead_to("127.0.0.1:1".parse().expect("an address"));
        assert!(node.look().await);
        let fault = standing(app, &authority).await.fault.expect("it was refused");
        assert!(fault.starts_with("aurix.example: 127.0.0.1:1: connection refused. ") && fault.contains("open port 443"), "{fault}");
        for pause in [5, 20, 40, 120] {
            app.advance(MINUTE * pause - SignedDuration::from_secs(1));
            assert!(!node.look().await, "not within {pause} minutes");
            app.advance(SignedDuration::from_secs(1));
            assert!(node.look().await, "after {pause} minutes");
        }
        authority.domains_lead_to(node.address);
        app.advance(MINUTE * 20);
        // Somebody mended it, and starts the server again.
        let restarted = Node::start(&app.core, &authority).await;
        assert!(restarted.look().await);
        assert!(restarted.served().await.is_some());
        assert_eq!(standing(app, &authority).await.fault, None);
    }

    async fn a_server_that_is_started_again_and_again_does_not_hammer(app: &TestApp) {
        let authority = authority(app).await;
        authority.domains_lead_to("127.0.0.1:1".parse().expect("an address"));
        for _ in 0..60 {
            Node::start(&app.core, &authority).await.look().await;
            app.advance(MINUTE);
        }
        assert!(authority.orders() <= 5, "{} orders in an hour", authority.orders());
    }

    async fn what_answers_in_our_place_is_told(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        // Another server, which has no order under way.
        let other = TestApp::on_sqlite().await;
        authority.domains_lead_to(Node::start(&other.core, &authority).await.address);
        assert!(node.look().await);
        let fault = standing(app, &authority).await.fault.expect("it was refused");
        assert!(fault.contains("Something else answers on port 443"), "{fault}");
        other.end().await;
    }

    async fn an_authority_says_when_to_come_back(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        authority.refuse(Refusal { at: "/order", kind: "rateLimited", status: 429, retry_after: Some(7_200) });
        assert!(node.look().await);
        let fault = standing(app, &authority).await.fault.expect("it was refused");
        assert_eq!(fault, "the authority: Not now. The authority limits how often it is asked. Aurix waits; there is nothing to do.");
        app.advance(MINUTE * 119);
        assert!(!node.look().await);
        app.advance(MINUTE);
        assert!(node.look().await && node.served().await.is_some());
    }

    async fn an_account_that_the_authority_forgot_is_made_again(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        assert!(node.look().await);
        app.advance(DAY * 60);
        authority.forget_accounts();
        assert!(node.look().await);
        assert!(standing(app, &authority).await.fault.expect("it was refused").contains("makes a new one"));
        app.advance(MINUTE * 5);
        assert!(node.look().await);
        assert_eq!(standing(app, &authority).await.fault, None);
        assert_eq!(authority.accounts(), 1);
    }

    async fn any_node_answers_the_challenge_of_another_and_serves_its_certificate(app: &TestApp) {
        let authority = authority(app).await;
        let first = Node::start(&app.core, &authority).await;
        let other = other_node(app).await;
        let second = Node::start(&other, &authority).await;
        authority.domains_lead_to(second.address);
        let (one, two) = tokio::join!(first.look(), first.look());
        assert!(one ^ two, "one of them orders");
        assert!(!second.look().await, "the other node does not");
        assert_eq!(authority.orders(), 1);
        assert_eq!(second.served().await, first.served().await);
        assert!(second.served().await.is_some());
    }

    async fn a_late_result_of_an_order_changes_nothing(app: &TestApp) {
        let (now, later) = (app.core.clock.now(), app.core.clock.now() + MINUTE * 5);
        let settled = app.core.db.write(async move |tx| {
            certificates::register(tx, "a", now).await?;
            let first = certificates::claim(tx, "a", now, later).await?.expect("due");
            assert_eq!(certificates::claim(tx, "a", now, later).await?, None, "another node has it");
            let second = certificates::claim(tx, "a", later, later + MINUTE).await?.expect("the lease is over");
            let issued = Issued { chain: "c".into(), sealed_key: "k".into(), issued_at: now, expires_at: later };
            let late = certificates::settle_issued(tx, ("a", first.attempt), &issued, later).await?;
            let late_fault = certificates::settle_failed(tx, ("a", first.attempt), "no", later).await?;
            let in_time = certificates::settle_issued(tx, ("a", second.attempt), &issued, later).await?;
            Ok((late, late_fault, in_time))
        });
        assert_eq!(settled.await.expect("settled"), (false, false, true));
    }

    async fn no_private_key_can_be_read_in_the_database(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        assert!(node.look().await);
        let names = authority.settings(&[DOMAIN, "www.aurix.example"]).names();
        for (sql, place, part) in [
            ("SELECT sealed_key FROM certificates", Place::CertificateKey(&names), "PRIVATE KEY"),
            ("SELECT sealed_credentials FROM acme_accounts", Place::AcmeAccount(&authority.directory), "key_pkcs8"),
        ] {
            let sealed = app.text(sql).await.expect("a secret");
            assert!(!sealed.contains(part), "{sql}");
            assert!(app.core.seal.open(place, &sealed).expect("it opens here").contains(part));
            app.core.seal.open(Place::Canary, &sealed).expect_err("it does not open elsewhere");
        }
        for sql in ["SELECT digest FROM acme_challenges LIMIT 1", "SELECT chain FROM certificates WHERE chain LIKE '%PRIVATE%'"] {
            assert_eq!(app.text(sql).await, None, "{sql}");
        }
        // The key of the installation is rotated: all of it opens with the new one.
        assert_eq!(rotate_secret_key(&app.core, &operator(), "the new key of all").await.expect("rotated"), 2);
        let mut config = app.core.config.clone();
        config.secret_key = Some("the new key of all".into());
        let core = aurix::serve::open_with(config, app.core.clock.clone(), Random::seeded(8), Resolver::System).await;
        let restarted = Node::start(&core.expect("it opens"), &authority).await;
        assert!(restarted.served().await.is_some());
        app.advance(DAY * 60);
        assert!(restarted.look().await && authority.accounts() == 1, "the account's key was sealed anew, too");
    }

    async fn whoever_looks_without_an_order_gets_no_answer(app: &TestApp) {
        let authority = authority(app).await;
        let node = Node::start(&app.core, &authority).await;
        authority.domains_lead_to(node.address);
        assert!(node.look().await);
        for name in [DOMAIN, "evil.example"] {
            assert!(handshake(node.address, name, ACME).await.is_err(), "{name}");
        }
        let (now, later) = (app.core.clock.now(), app.core.clock.now() + MINUTE);
        let put = async move |tx: &aurix::db::Tx| {
            certificates::put_challenge(tx, "evil.example", &"00".repeat(32), later).await?;
            Ok(certificates::put_challenge(tx, DOMAIN, &"00".repeat(32), now).await?)
        };
        app.core.db.write(put).await.expect("stored");
        assert!(handshake(node.address, "evil.example", ACME).await.is_err(), "none of our domains");
        assert!(handshake(node.address, DOMAIN, ACME).await.is_err(), "its time is over");
    }
}

/// A second process on the same database.
async fn other_node(app: &TestApp) -> Core {
    let (config, clock) = (app.core.config.clone(), app.core.clock.clone());
    aurix::serve::open_with(config, clock, Random::seeded(8), Resolver::System).await.expect("it opens")
}

#[tokio::test]
async fn a_server_with_a_domain_serves_https_alone_and_stops_in_order() {
    let app = TestApp::on_sqlite().await;
    // Ten years: the client of this test has the time of the machine.
    let authority = Authority::start(app.core.clock.clone(), DAY * 3_650).await;
    let bind = async || TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (main, redirect) = (bind().await, bind().await);
    let port = |listener: &TcpListener| listener.local_addr().expect("bound").port();
    let (secured, plain) = (port(&main), port(&redirect));
    authority.domains_lead_to(main.local_addr().expect("bound"));
    let mut config = app.core.config.clone();
    config.acme = Some(authority.settings(&[DOMAIN]));
    config.base_url = format!("https://{DOMAIN}:{secured}");
    config.database = Location::Sqlite(app.core.config.data_dir.join("other.db"));
    let (clock, random) = (app.core.clock.clone(), Random::seeded(8));
    let core = aurix::serve::open_with(config, clock, random, Resolver::System).await.expect("it opens");
    let (stop, stopping) = watch::channel(false);
    let listeners = Listeners { main, redirect: Some(redirect) };
    let served = tokio::spawn(aurix::serve::serve(Engines::new(core), listeners, Router::new(), stopping));

    let resolver = Resolver::scripted(|_| Ok(vec![IpAddr::from([127, 0, 0, 1])]));
    let options = net::Options { extra_roots: vec![authority.root()], ..net::Options::default() };
    let client = net::Client::new(AddressPolicy::trusted(), resolver, options);
    let get = async |url: String| {
        let (method, body, headers) = (net::Method::GET, Bytes::new(), Vec::new());
        let request = net::Request { method, url, headers, body, timeout: LIMIT, response_bytes_max: 1 << 20 };
        client.send(request).await
    };
    let page = format!("https://{DOMAIN}:{secured}/healthz");
    until("a certificate is there", LIMIT, async || get(page.clone()).await.is_ok()).await;
    let response = get(page.clone()).await.expect("a response");
    assert_eq!((response.status, response.header("strict-transport-security")), (200, Some("max-age=31536000")));

    let sent_on = get(format!("http://{DOMAIN}:{plain}/l/poster?a=b")).await.expect("a response");
    let to = format!("https://{DOMAIN}:{secured}/l/poster?a=b");
    assert_eq!((sent_on.status, sent_on.header("location")), (308, Some(to.as_str())));
    assert_eq!(sent_on.header("strict-transport-security"), None, "it counts over https alone");
    for check in ["healthz", "readyz"] {
        assert_eq!(get(format!("http://{DOMAIN}:{plain}/{check}")).await.expect("a response").status, 200, "{check}");
    }
    assert!(get(format!("http://{DOMAIN}:{secured}/healthz")).await.is_err(), "nothing in the clear");

    // A client that connects and says nothing does not keep the server.
    let silent = tokio::net::TcpStream::connect(("127.0.0.1", secured)).await.expect("a connection");
    stop.send_replace(true);
    let ended = tokio::time::timeout(Duration::from_secs(10), served).await.expect("it stops in time");
    ended.expect("no panic").expect("it stops in order");
    drop(silent);
    app.end().await;
}
