//! Layer 2: one HTTP request to another machine, within limits and past the address guard.
//!
//! [`Client::send`] is the only way out. Everything of a request, from the name's resolution to the response's last byte,
//! happens within one deadline; redirects are never followed, proxies never used, and a connection is only ever made to
//! an address that [`AddressPolicy`] lets through.

pub mod client;
mod connect;
mod connection;
pub mod error;
pub mod guard;
mod observed;
mod pool;
pub mod resolve;
mod shown;
pub mod target;
mod tls;
mod tls_error;

pub use client::{Client, Options, RESPONSE_BYTES_MAX, Request, Response, TIMEOUT_DEFAULT};
pub use error::{Cause, SendError, Stage};
pub use guard::AddressPolicy;
pub use hyper::Method;
pub use resolve::Resolver;
pub use target::{InvalidTarget, Target};

/// When something began or must end. It measures waits on the network and is never kept or shown as a time.
#[expect(
    clippy::disallowed_methods,
    reason = "the network's waits pass in real time, whatever the product's clock says"
)]
fn moment() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// An error of the system without its number: `connection refused`.
fn in_words(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(_) => error.kind().to_string(),
        None => error.to_string(),
    }
}
