//! What can go wrong with a request, by cause, in words for an operator.

use std::time::Duration;

use crate::net::in_words;
use crate::net::target::InvalidTarget;
use crate::net::tls_error;

/// A request that did not get a response which ended properly.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct SendError {
    /// What went wrong.
    pub cause: Cause,
    /// The response's status where it had begun before it broke.
    pub status: Option<u16>,
    /// The response's headers where it had begun before it broke.
    pub headers: Vec<(String, String)>,
    /// How long it took until then.
    pub duration: Duration,
}

impl SendError {
    /// Whether the other side surely saw nothing of the request, so that repeating it cannot double its effect.
    pub fn never_sent(&self) -> bool {
        match &self.cause {
            Cause::Target(_) | Cause::Request(_) | Cause::NotAllowed { .. } => true,
            Cause::Dns { .. } | Cause::LookupTimeout { .. } | Cause::Connect(_) | Cause::Tls(_) => true,
            Cause::Timeout { during, .. } => matches!(during, Stage::Resolve | Stage::Connect | Stage::Secure),
            Cause::ClientCertificate | Cause::Reset | Cause::Cut | Cause::Protocol(_) => false,
        }
    }
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The URL itself is not one to send to.
    #[error("{0}")]
    Target(#[from] InvalidTarget),
    /// The request's headers are not sendable: a mistake of the caller.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// Every address of the host is one that may not be reached. Strangers do not learn which, nor whether there is one: the text is
    /// that of [`Cause::Dns`].
    #[error("{host} has no public address (the operator can allow networks with AURIX_ALLOW_NETWORKS)")]
    NotAllowed {
        /// The name that was resolved.
        host: String,
    },
    /// The name could not be resolved.
    #[error("{host} has no public address (the operator can allow networks with AURIX_ALLOW_NETWORKS)")]
    Dns {
        /// The name.
        host: String,
        /// What the resolver said, for the log.
        why: String,
    },
    /// The resolver did not answer.
    #[error("looking up the name {host} took longer than allowed ({limit:?})")]
    LookupTimeout {
        /// The name.
        host: String,
        /// The time that was allowed for it.
        limit: Duration,
    },
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// No encryption, or a certificate that is not valid for the host.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The other side wants a certificate from whoever calls it. Some ask for one and go on without.
    #[error("no secure connection: the receiver asks for a client certificate, which Aurix does not send")]
    ClientCertificate,
    /// The deadline for all of it passed.
    #[error("{during} took longer than allowed ({limit:?} in all)")]
    Timeout {
        /// What was being waited for.
        during: Stage,
        /// The time that was allowed for everything.
        limit: Duration,
    },
    /// The connection was reset.
    #[error("the connection was reset before the response had ended")]
    Reset,
    /// The connection was closed too early.
    #[error("the connection was closed before the response had ended")]
    Cut,
    /// The response is no HTTP, or beyond the limits for headers.
    #[error("the response is not valid HTTP: {0}")]
    Protocol(String),
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Looking up the host's name.
    #[default]
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Secure,
    /// Sending the request and waiting for the response's head.
    Response,
    /// Reading the response's body.
    Body,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the host's name",
            Self::Connect => "connecting",
            Self::Secure => "securing the connection",
            Self::Response => "waiting for the response",
            Self::Body => "reading the response's body",
        })
    }
}

impl Cause {
    /// What an error of the HTTP layer means.
    pub(super) fn of_http(error: &hyper::Error) -> Self {
        if error.is_parse() {
            return Self::Protocol(error.to_string());
        }
        let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(io) = cause.downcast_ref::<std::io::Error>() {
                return Self::of_io(io);
            }
            source = cause.source();
        }
        if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return Self::Cut;
        }
        Self::Protocol(error.to_string())
    }

    /// What a failed TLS handshake means.
    pub(super) fn of_handshake(error: &std::io::Error) -> Self {
        if tls_error::requires_certificate(error) {
            Self::ClientCertificate
        } else {
            Self::Tls(tls_error::words(error))
        }
    }

    fn of_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match error.kind() {
            ConnectionReset | ConnectionAborted | BrokenPipe => Self::Reset,
            UnexpectedEof => Self::Cut,
            _ if tls_error::wants_certificate(error) => Self::ClientCertificate,
            _ => Self::Protocol(in_words(error)),
        }
    }
}
