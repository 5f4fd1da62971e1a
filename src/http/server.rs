//! Accepts connections, within limits, until it is stopped; then finishes what is in flight.

mod connections;
mod secured;
mod stream;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;

use self::connections::{Connection, Connections, Phase};
use self::secured::Secured;
use self::stream::{RequestBody, ResponseBody, Stream};
use crate::admission::tally::Tally;
use crate::certificates::Certificates;
use crate::domain::time::Clock;

/// Connections served at once, where options do not say otherwise.
const CONNECTIONS_MAX: usize = 8_192;
/// Connections that the kernel holds until they are accepted, where its own limit is no lower. A visitor whose connection does
/// not fit tries again after a second: with the usual 128 a burst would lose people.
const BACKLOG: u32 = 4_096;
/// How long requests in flight may take after the server was stopped.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long nothing is accepted after accepting failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often idle connections are looked for while there is no place.
const ROOM_INTERVAL: Duration = Duration::from_millis(100);
/// Bytes of a request's head, and of what is buffered for it.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Listens on `address`.
///
/// # Errors
///
/// Those of the operating system: the address is in use, or is none of this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a node that starts again gets its port while connections of the one before are remembered.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How connections are served.
#[derive(Clone)]
pub struct Options {
    /// Connections at the same time. Where there are more, idle ones are closed; if none is idle, new ones wait.
    pub connections_max: usize,
    /// How long a connection without a request is kept open.
    pub keep_alive: Duration,
    /// What the limits on connections are measured by.
    pub clock: Clock,
    /// What secures connections, where TLS is built in.
    pub tls: Option<Certificates>,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections_max: CONNECTIONS_MAX, keep_alive: Duration::from_secs(75), clock: Clock::System, tls: None }
    }
}

/// Serves `router` on `listener` until `stop` is ready.
pub async fn serve(listener: TcpListener, router: Router, options: Options, stop: impl Future<Output = ()>) {
    let places = Places::new(options.connections_max);
    let sweep = tokio::spawn(places.connections.clone().sweep(options.clock.clone(), options.keep_alive));
    let graceful = GracefulShutdown::new();
    // Handshakes end with it: a client that never speaks would keep the process.
    let (accepting, stopped) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = places.accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let Some((tcp, peer, permit)) = accepted else { continue };
        let _ = tcp.set_nodelay(true);
        let connection = places.connections.open();
        let (watcher, router, served) = (graceful.watcher(), router.clone(), connection.clone());
        let secure = secured::secure(options.tls.clone(), Stream::new(tcp, connection.clone()), stopped.clone());
        places.connections.spawn(connection, async move {
            let _permit = permit;
            let ended = match secure.await {
                Ok(Some(stream)) => watcher.watch(serve_connection(router, stream, peer, served)).await,
                Ok(None) => return,
                Err(error) => return tracing::debug!(%error, %peer, "handshake failed"),
            };
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "connection failed");
            }
        });
    }
    drop((listener, accepting));
    if tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!(timeout = ?STOP_TIMEOUT, "shutdown timed out: requests in flight are cut off");
    }
    sweep.abort();
}

/// The places for connections.
struct Places {
    permits: Arc<Semaphore>,
    connections: Arc<Connections>,
    /// Connections that are closed at once where there is no place.
    shed_at_once: usize,
    shed: Tally,
}

impl Places {
    fn new(connections_max: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(connections_max)),
            connections: Connections::new(),
            shed_at_once: connections_max.div_ceil(32),
            shed: Tally::new(Clock::System, |times| tracing::warn!(times, "idle connections closed to make room")),
        }
    }

    /// A connection with a place, if accepting one worked.
    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        match listener.accept().await {
            Ok((tcp, peer)) => Some((tcp, peer, self.place().await)),
            Err(error) => {
                // Out of file descriptors, mostly.
                tracing::warn!(%error, "accept failed");
                self.make_room();
                Clock::System.sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = self.permits.clone().try_acquire_owned() {
                return permit;
            }
            self.make_room();
            // The semaphore is never closed.
            if let Ok(Ok(permit)) = tokio::time::timeout(ROOM_INTERVAL, self.permits.clone().acquire_owned()).await {
                return permit;
            }
        }
    }

    fn make_room(&self) {
        if self.connections.shed(self.shed_at_once) > 0 {
            self.shed.add();
        }
    }
}

type ServedConnection<S> = http1::Connection<TokioIo<Secured>, S>;

/// The limits on its head, its writes and its idle time are those of [`Connections::sweep`].
fn serve_connection(
    router: Router,
    stream: Secured,
    peer: SocketAddr,
    connection: Arc<Connection>,
) -> ServedConnection<impl HttpService<Incoming, ResBody = ResponseBody, Error = Infallible, Future: Send>> {
    // A handshake is no part of a request.
    connection.enter(Phase::Idle);
    let io = TokioIo::new(stream);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        connection.enter(Phase::Busy);
        request.extensions_mut().insert(ConnectInfo(peer));
        let connection = connection.clone();
        let request = request.map(|body| RequestBody::new(body, connection.clone()));
        let response = router.clone().oneshot(request);
        async move {
            let mut response = response.await?;
            if connection.is_body_unread() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| ResponseBody { body, connection }))
        }
    });
    http1::Builder::new().header_read_timeout(None).max_buf_size(BUFFER_BYTES_MAX).serve_connection(io, service)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_fits_into_the_backlog() {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        // One that did not fit would be refused after this time, since nothing is accepted meanwhile.
        let most = Duration::from_secs(10);
        let burst: Vec<_> = (0..300).map(|_| TcpStream::connect_timeout(&address, most)).collect();
        assert!(burst.iter().all(Result::is_ok));
    }
}
