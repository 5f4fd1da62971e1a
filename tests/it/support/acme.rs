//! A certificate authority that speaks ACME (RFC 8555) and looks by TLS-ALPN-01 (RFC 8737): it checks every signature and nonce,
//! really connects to whoever asks for a certificate, and signs what they ask for.

mod jws;
mod look;
mod sign;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use aurix::config::Acme;
use aurix::domain::time::{Clock, SignedDuration};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use jws::{Call, Key};
pub use look::{ACME, handshake};
use sign::Signer;

/// Digits of a nonce, so that none looks like another.
const NONCE_DIGITS: usize = 16;

/// What the authority does instead of what was asked for, once.
#[derive(Clone)]
pub struct Refusal {
    /// The path that it is refused at: `/order`, for example.
    pub at: &'static str,
    /// `rateLimited`
    pub kind: &'static str,
    pub status: u16,
    pub retry_after: Option<u32>,
}

/// The authority.
#[derive(Clone)]
pub struct Authority {
    pub directory: String,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    signer: Signer,
    clock: Clock,
    state: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    nonces: HashSet<String>,
    nonces_given: usize,
    accounts: Vec<Key>,
    orders: Vec<Order>,
    refusal: Option<Refusal>,
    /// Where domains lead to.
    leads_to: Option<SocketAddr>,
    lifetime: SignedDuration,
}

struct Order {
    account: usize,
    domains: Vec<Domain>,
    certificate: Option<String>,
}

struct Domain {
    name: String,
    token: String,
    status: &'static str,
    error: Option<Value>,
}

impl Order {
    fn status(&self) -> &'static str {
        let is = |status: &'static str| move |domain: &Domain| domain.status == status;
        if self.certificate.is_some() {
            "valid"
        } else if self.domains.iter().any(is("invalid")) {
            "invalid"
        } else if self.domains.iter().all(is("valid")) {
            "ready"
        } else {
            "pending"
        }
    }
}

impl Authority {
    /// One whose certificates are valid from when they are signed, for so long.
    pub async fn start(clock: Clock, lifetime: SignedDuration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let state = Mutex::new(Book { lifetime, ..Book::default() });
        let shared = Arc::new(Shared { url: url.clone(), signer: Signer::new(), clock, state });
        let router = Router::new()
            .route("/directory", get(directory))
            .route("/nonce", get(async || ()))
            .route("/account", post(new_account))
            .route("/order", post(new_order))
            .route("/order/{order}", post(show_order))
            .route("/authorization/{order}/{domain}", post(show_authorization))
            .route("/challenge/{order}/{domain}", post(look_at_domain))
            .route("/finalize/{order}", post(finalize))
            .route("/certificate/{order}", post(download))
            .layer(axum::middleware::from_fn_with_state(shared.clone(), with_nonce))
            .with_state(shared.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { directory: format!("{url}/directory"), shared }
    }

    /// The settings of whoever gets certificates here.
    pub fn settings(&self, domains: &[&str]) -> Acme {
        let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        Acme { email: Some("mei@aurix.example".to_owned()), directory: self.directory.clone(), ..Acme::new(domains) }
    }

    /// From now on all domains lead there.
    pub fn domains_lead_to(&self, address: SocketAddr) {
        self.shared.book().leads_to = Some(address);
    }

    /// Refuses one call.
    pub fn refuse(&self, refusal: Refusal) {
        self.shared.book().refusal = Some(refusal);
    }

    /// Orders so far.
    pub fn orders(&self) -> usize {
        self.shared.book().orders.len()
    }

    /// Accounts so far.
    pub fn accounts(&self) -> usize {
        self.shared.book().accounts.len()
    }

    /// Forgets all accounts.
    pub fn forget_accounts(&self) {
        self.shared.book().accounts.clear();
    }

    /// What vouches for its certificates (DER).
    pub fn root(&self) -> Vec<u8> {
        self.shared.signer.root()
    }
}

impl Shared {
    /// Nobody panics while it is held.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.state.lock().expect("nobody panics here")
    }

    fn problem(&self, status: u16, kind: &str, detail: &str) -> Response {
        let status = StatusCode::from_u16(status).expect("a status");
        let body = json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail});
        (status, body.to_string()).into_response()
    }

    /// The order, as its account sees it.
    fn order(&self, number: usize) -> Value {
        let (book, url) = (self.book(), &self.url);
        let order = &book.orders[number];
        let authorizations: Vec<_> =
            (0..order.domains.len()).map(|nth| format!("{url}/authorization/{number}/{nth}")).collect();
        let mut shown = json!({
            "status": order.status(),
            "authorizations": authorizations,
            "finalize": format!("{url}/finalize/{number}"),
        });
        if order.certificate.is_some() {
            shown["certificate"] = format!("{url}/certificate/{number}").into();
        }
        shown
    }

    /// A challenge beside its order and domain.
    fn challenge(&self, number: usize, nth: usize) -> Value {
        let domain = &self.book().orders[number].domains[nth];
        let mut shown = json!({
            "type": "tls-alpn-01",
            "url": format!("{}/challenge/{number}/{nth}", self.url),
            "token": domain.token,
            "status": domain.status,
        });
        if let Some(error) = &domain.error {
            shown["error"] = error.clone();
        }
        shown
    }
}

/// Every answer has a nonce, and a call may be refused.
async fn with_nonce(
    State(shared): State<Arc<Shared>>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let refusal = shared.book().refusal.take_if(|refusal| refusal.at == path);
    let mut response = match refusal {
        None => next.run(request).await,
        Some(refusal) => {
            let mut response = shared.problem(refusal.status, refusal.kind, "Not now");
            if let Some(seconds) = refusal.retry_after {
                response.headers_mut().insert("retry-after", HeaderValue::from(seconds));
            }
            response
        }
    };
    let mut book = shared.book();
    book.nonces_given += 1;
    let nonce = format!("{:0NONCE_DIGITS$}", book.nonces_given);
    book.nonces.insert(nonce.clone());
    response.headers_mut().insert("replay-nonce", HeaderValue::try_from(nonce).expect("digits"));
    response
}

async fn directory(State(shared): State<Arc<Shared>>) -> String {
    let url = &shared.url;
    json!({
        "newNonce": format!("{url}/nonce"),
        "newAccount": format!("{url}/account"),
        "newOrder": format!("{url}/order"),
    })
    .to_string()
}

fn created(location: String, body: &Value) -> Response {
    (StatusCode::CREATED, [("location", location)], body.to_string()).into_response()
}

async fn new_account(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let call = match Call::read_new(&shared, "/account", &body) {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    assert_eq!(call.payload["termsOfServiceAgreed"], true);
    assert_eq!(call.payload["contact"], json!(["mailto:mei@aurix.example"]));
    let mut book = shared.book();
    book.accounts.push(call.key);
    created(format!("{}/account/{}", shared.url, book.accounts.len() - 1), &json!({"status": "valid"}))
}

async fn new_order(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let call = match Call::read(&shared, "/order", &body) {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    let names = call.payload["identifiers"].as_array().expect("identifiers").iter();
    let names = names.map(|identifier| identifier["value"].as_str().expect("a domain").to_owned());
    let number = {
        let mut book = shared.book();
        let number = book.orders.len();
        let token = |nth| format!("token-{number}-{nth}-of-the-authority");
        let domains =
            names.enumerate().map(|(nth, name)| Domain { name, token: token(nth), status: "pending", error: None });
        let domains = domains.collect();
        book.orders.push(Order { account: call.account, domains, certificate: None });
        number
    };
    created(format!("{}/order/{number}", shared.url), &shared.order(number))
}

async fn show_order(State(shared): State<Arc<Shared>>, Path(number): Path<usize>, body: Bytes) -> Response {
    match Call::read(&shared, &format!("/order/{number}"), &body) {
        Ok(_) => shared.order(number).to_string().into_response(),
        Err(refused) => refused,
    }
}

async fn show_authorization(
    State(shared): State<Arc<Shared>>,
    Path((number, nth)): Path<(usize, usize)>,
    body: Bytes,
) -> Response {
    if let Err(refused) = Call::read(&shared, &format!("/authorization/{number}/{nth}"), &body) {
        return refused;
    }
    let challenge = shared.challenge(number, nth);
    let book = shared.book();
    let domain = &book.orders[number].domains[nth];
    json!({
        "status": domain.status,
        "identifier": {"type": "dns", "value": domain.name},
        "challenges": [{"type": "http-01", "url": format!("{}/none", shared.url), "token": "none", "status": "pending"}, challenge],
    })
    .to_string()
    .into_response()
}

/// Connects to where the domain leads, as RFC 8737 says.
async fn look_at_domain(
    State(shared): State<Arc<Shared>>,
    Path((number, nth)): Path<(usize, usize)>,
    body: Bytes,
) -> Response {
    if let Err(refused) = Call::read(&shared, &format!("/challenge/{number}/{nth}"), &body) {
        return refused;
    }
    let (name, expected, address) = {
        let book = shared.book();
        let (order, domain) = (&book.orders[number], &book.orders[number].domains[nth]);
        let expected = book.accounts[order.account].key_authorization(&domain.token);
        (domain.name.clone(), expected, book.leads_to.expect("the test says where domains lead to"))
    };
    let error = look::look(address, &name, &expected).await.err();
    let asked = {
        let mut book = shared.book();
        let domain = &mut book.orders[number].domains[nth];
        domain.status = if error.is_some() { "invalid" } else { "valid" };
        domain.error = error;
        json!({"type": "tls-alpn-01", "url": format!("{}/challenge/{number}/{nth}", shared.url), "token": domain.token, "status": "processing"})
    };
    asked.to_string().into_response()
}

async fn finalize(State(shared): State<Arc<Shared>>, Path(number): Path<usize>, body: Bytes) -> Response {
    let call = match Call::read(&shared, &format!("/finalize/{number}"), &body) {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    {
        let mut book = shared.book();
        let lifetime = book.lifetime;
        let order = &mut book.orders[number];
        assert_eq!(order.status(), "ready", "nothing is signed before the domains were looked at");
        let names: Vec<_> = order.domains.iter().map(|domain| domain.name.clone()).collect();
        let request = jws::bytes(&call.payload["csr"]);
        order.certificate = Some(shared.signer.sign(&request, &names, (shared.clock.now(), lifetime)));
    }
    shared.order(number).to_string().into_response()
}

async fn download(State(shared): State<Arc<Shared>>, Path(number): Path<usize>, body: Bytes) -> Response {
    if let Err(refused) = Call::read(&shared, &format!("/certificate/{number}"), &body) {
        return refused;
    }
    let chain = shared.book().orders[number].certificate.clone().expect("signed");
    let headers = HeaderMap::from_iter([(
        axum::http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/pem-certificate-chain"),
    )]);
    (headers, chain).into_response()
}
