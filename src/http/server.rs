//! Accepts connections, within limits, until it is stopped; then finishes what is in flight.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// Connections served at once; more wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 8_192;
/// Connections that the kernel holds until they are accepted, where its own limit is no lower. A visitor whose connection does
/// not fit tries again after a second: with the usual 128 a burst would lose people.
const BACKLOG: u32 = 4_096;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests in flight may take after the server was stopped.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long nothing is accepted after accepting failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
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

/// Serves `router` on `listener` until `stop` is ready.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: those in use will be closed.
                tracing::warn!(%error, "accept failed");
                if tokio::time::timeout(ACCEPT_PAUSE, &mut stop).await.is_ok() {
                    break;
                }
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let connection = connection(router.clone(), TokioIo::new(stream), peer);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = watched.await {
                tracing::debug!(%error, %peer, "connection failed");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!(timeout = ?STOP_TIMEOUT, "shutdown timed out: requests in flight are cut off");
    }
}

type Connection<S> = http1::Connection<TokioIo<TcpStream>, S>;

fn connection(
    router: Router,
    io: TokioIo<TcpStream>,
    peer: SocketAddr,
) -> Connection<impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send>> {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(io, service)
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
