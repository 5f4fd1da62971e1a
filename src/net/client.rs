//! The client: one request, one response, one deadline.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Method;
use hyper::body::{Body, Incoming};
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Instrument as _, Span, trace_span};

use crate::domain::ids::ProjectId;
use crate::net::connect::Connector;
use crate::net::connection::{Connection, Message, Unanswered};
use crate::net::error::{Cause, SendError, Stage};
use crate::net::guard::AddressPolicy;
use crate::net::moment;
use crate::net::pool::{Limits, Pool};
use crate::net::resolve::{self, Lookups, Resolver};
use crate::net::target::{InvalidTarget, Target};
use crate::net::tls::Tls;

/// What a request may take in all: name, connection, TLS, response.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(15);

/// What of a response's body is read at most, in bytes.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// How long a connection may take after its response to become usable again before it is closed instead.
const REUSE_WITHIN: Duration = Duration::from_millis(100);

/// What can be set about a client; the default is right for webhooks.
#[derive(Debug, Clone)]
pub struct Options {
    /// Idle connections at most.
    pub idle_max: usize,
    /// Idle connections of one scheme, host and port at most.
    pub idle_per_origin_max: usize,
    /// How long a connection may be idle. Many servers close theirs after 5 s: being earlier avoids the race.
    pub idle_for_max: Duration,
    /// What looking up a name may take. The system's resolver asks again after 5 s where a packet was lost.
    pub lookup_timeout: Duration,
    /// How long the addresses of a name are used before they are looked up again. Each is checked whenever one is connected to.
    pub names_cached_for: Duration,
    /// What connecting may take, shared by a name's addresses.
    pub connect_timeout: Duration,
    /// Whether a request goes again, on a fresh connection, where a reused one ended before any byte of a response: most servers
    /// close idle connections, some just as a request comes. It may then arrive twice.
    pub resend_unanswered: bool,
    /// Certificates (DER) that are trusted besides Mozilla's and the machine's.
    pub extra_roots: Vec<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            idle_max: 256,
            idle_per_origin_max: 64,
            idle_for_max: Duration::from_secs(4),
            lookup_timeout: Duration::from_secs(6),
            names_cached_for: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(8),
            resend_unanswered: true,
            extra_roots: Vec::new(),
        }
    }
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct Request {
    /// `POST`, `GET`, …
    pub method: Method,
    /// Checked by [`Target::parse`] before anything else.
    pub url: String,
    /// Sent as given. `host` and the body's length are added.
    pub headers: Vec<(String, String)>,
    /// The body's bytes, unchanged.
    pub body: Bytes,
    /// For everything together; [`TIMEOUT_DEFAULT`] where nothing else is known.
    pub timeout: Duration,
    /// What of the response's body is read at most; [`RESPONSE_BYTES_MAX`] where nothing else is known.
    pub response_bytes_max: usize,
}

/// A response that ended properly, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code. A redirect is a response like any other.
    pub status: u16,
    /// Names in lower case, in order; bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Whether reading stopped at `response_bytes_max`; the connection is closed then.
    pub truncated: bool,
    /// From the start to the last byte that was read.
    pub duration: Duration,
}

impl Response {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// Sends requests, and reuses a few idle connections for the next ones. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Client {
    connector: Arc<Connector>,
    pool: Arc<Pool>,
    resend_unanswered: bool,
}

/// Whose request it is, how far it came, and what of its response was there: what an error reports.
#[derive(Default)]
struct Progress {
    project: Option<ProjectId>,
    stage: Stage,
    status: Option<u16>,
    headers: Vec<(String, String)>,
}

impl Client {
    /// A client that reaches only what `policy` allows. Reads nothing yet, connects to nothing yet.
    pub fn new(policy: AddressPolicy, resolver: Resolver, options: Options) -> Self {
        let Options { idle_max, idle_per_origin_max, idle_for_max, connect_timeout, resend_unanswered, .. } = options;
        let tls = Tls::new(options.extra_roots.into_iter().map(CertificateDer::from).collect());
        let limits = resolve::Limits { timeout: options.lookup_timeout, cached_for: options.names_cached_for };
        let lookups = Lookups::new(resolver, limits);
        Self {
            connector: Arc::new(Connector { policy, lookups, tls, connect_timeout }),
            pool: Pool::new(Limits { idle_max, idle_per_origin_max, idle_for_max }),
            resend_unanswered,
        }
    }

    /// What this client may reach, for checks when a URL is configured.
    pub fn policy(&self) -> &AddressPolicy {
        &self.connector.policy
    }

    /// Idle connections that the next request to their origin can use.
    pub fn idle_connections(&self) -> usize {
        self.pool.open()
    }

    /// Sends a request and reads its response. It is an error if the response does not end within the timeout, is cut off
    /// or is not HTTP; any status is a response. A request is sent again only if surely nothing of it was sent before, or as
    /// [`Options::resend_unanswered`] says.
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.send_of(None, request).await
    }

    /// The certificate (DER) that an `https:` address shows, whoever vouches for it. Nothing is sent.
    pub async fn shown_certificate(&self, url: &str, limit: Duration) -> Result<Vec<u8>, Cause> {
        let target = Target::parse(url, &self.connector.policy)?;
        let shown = timeout(limit, self.connector.shown_certificate(&target)).await;
        shown.unwrap_or(Err(Cause::Timeout { during: Stage::Secure, limit }))
    }

    /// [`Self::send`] on behalf of a project: its names wait for each other, and for no other project's.
    pub async fn send_of(&self, project: Option<ProjectId>, request: Request) -> Result<Response, SendError> {
        let span = self.span(&request);
        let sent = self.send_within(project, request).instrument(span.clone()).await;
        match &sent {
            Ok(response) => span.record("status", response.status),
            Err(_) => span.record("otel.status_code", "ERROR"),
        };
        sent
    }

    /// The span of a request, for traces, within that of what it is made for. It names the host where the operator chose it: that of a
    /// webhook is somebody else's.
    fn span(&self, request: &Request) -> Span {
        if LevelFilter::current() < LevelFilter::TRACE || Span::current().is_none() {
            return Span::none();
        }
        let url = self.policy().is_trusted().then(|| url::Url::parse(&request.url).ok()).flatten();
        let host = url.as_ref().and_then(|url| url.host_str());
        let method = request.method.as_str();
        trace_span!("http_request", method, host, status = Empty, otel.status_code = Empty)
    }

    async fn send_within(&self, project: Option<ProjectId>, request: Request) -> Result<Response, SendError> {
        let started = moment();
        let limit = request.timeout;
        let mut progress = Progress { project, ..Progress::default() };
        let ended = timeout(limit, self.exchange(request, &mut progress)).await;
        let duration = started.elapsed();
        let Progress { stage, status, headers, .. } = progress;
        let cause = match ended {
            Ok(Ok((body, truncated))) => {
                let status = status.expect("an exchange that ended has seen the status");
                return Ok(Response { status, headers, body, truncated, duration });
            }
            Ok(Err(cause)) => cause,
            Err(_) => Cause::Timeout { during: stage, limit },
        };
        Err(SendError { cause, status, headers, duration })
    }

    async fn exchange(&self, request: Request, progress: &mut Progress) -> Result<(Bytes, bool), Cause> {
        let target = Target::parse(&request.url, &self.connector.policy).map_err(|error| match error {
            InvalidTarget::AddressNotAllowed(host) => Cause::NotAllowed { host },
            other => Cause::Target(other),
        })?;
        let response_bytes_max = request.response_bytes_max;
        let message = message(&target, request)?;
        let (mut connection, response) = self.exchange_head(&target, message, progress).await?;
        let (head, mut body) = response.into_parts();
        progress.stage = Stage::Body;
        progress.status = Some(head.status.as_u16());
        progress.headers = in_text(&head.headers);
        let (read, whole) = read_body(&mut body, response_bytes_max).await?;
        if whole && let Ok(true) = timeout(REUSE_WITHIN, connection.is_reusable()).await {
            self.pool.put(target.origin(), connection);
        }
        Ok((read, !whole))
    }

    /// Sends on an idle connection, or on a new one where there is none or it had closed.
    async fn exchange_head(
        &self,
        target: &Target,
        mut message: Message,
        progress: &mut Progress,
    ) -> Result<(Connection, hyper::Response<Incoming>), Cause> {
        if let Some(mut connection) = self.pool.take(target.origin()) {
            progress.stage = Stage::Response;
            let copy = self.resend_unanswered.then(|| message.clone());
            match connection.send(message).await {
                Ok(response) => return Ok((connection, response)),
                Err(Unanswered { cause, unsent, has_begun }) => {
                    message = unsent.or_else(|| copy.filter(|_| !has_begun)).ok_or(cause)?;
                }
            }
        }
        let mut connection = self.connector.open(target, progress.project, &mut progress.stage).await?;
        progress.stage = Stage::Response;
        let response = connection.send(message).await.map_err(|failed| failed.cause)?;
        Ok((connection, response))
    }
}

/// The request as it goes over the wire: in origin form, with the `Host` that HTTP/1.1 asks for first.
fn message(target: &Target, request: Request) -> Result<Message, Cause> {
    let unsendable = |what: &str| Cause::Request(format!("header {what}"));
    let mut message = hyper::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = target.path_and_query().clone().into();
    let headers = message.headers_mut();
    headers.reserve(request.headers.len() + 1);
    let host = HeaderValue::from_str(target.authority()).map_err(|_| unsendable("host"))?;
    headers.insert(HOST, host);
    for (name, value) in request.headers {
        let value = HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(|_| unsendable(&name))?;
        headers.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable(&name))?, value);
    }
    Ok(message)
}

/// Reads up to `bytes_max`; the flag says whether that was all. What lies beyond is neither read nor waited for.
async fn read_body(body: &mut Incoming, bytes_max: usize) -> Result<(Bytes, bool), Cause> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| Cause::of_http(&error))?.into_data() else { continue };
        let taken = data.len().min(bytes_max - read.len());
        read.extend_from_slice(&data[..taken]);
        if taken < data.len() || (read.len() == bytes_max && !body.is_end_stream()) {
            return Ok((read.into(), false));
        }
    }
    Ok((read.into(), true))
}

fn in_text(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}
