//! Somebody's browser: asks for a page, waits for all of it, and counts its bytes as they came.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::clock::moment;

/// A connection, and who is signed in on it.
pub struct Browser {
    address: SocketAddr,
    cookie: Option<String>,
    sender: SendRequest<Full<Bytes>>,
}

/// A response.
pub struct Got {
    /// Its status.
    pub status: u16,
    /// Until all of it was.
    pub after: Duration,
    /// Its body, as it came.
    pub body: Vec<u8>,
}

/// What may be encoded how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As browsers ask.
    Compressed,
    /// To be read here.
    Plain,
}

impl Browser {
    /// A browser in which nobody is signed in.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self { address, cookie: None, sender: connect(address).await? })
    }

    /// Another one, in which the same person is signed in.
    pub async fn another(&self) -> anyhow::Result<Self> {
        Ok(Self { cookie: self.cookie.clone(), ..Self::open(self.address).await? })
    }

    /// Signs in by the form.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> anyhow::Result<()> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let form = form.append_pair("email", email).append_pair("password", password).finish();
        let request = self
            .request(Method::POST, "/sign-in", Encoding::Plain)
            .header(ORIGIN, format!("http://{}", self.address))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))?;
        let response = self.send(request).await?;
        let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs: Vec<_> = cookies.filter_map(|cookie| cookie.split(';').next()).map(str::to_owned).collect();
        ensure!(
            response.status() == 303 && !pairs.is_empty(),
            "{email} could not sign in ({}): the database must be one that `aurix-bench seed` filled",
            response.status()
        );
        self.cookie = Some(pairs.join("; "));
        response.into_body().collect().await?;
        Ok(())
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str, encoding: Encoding) -> anyhow::Result<Got> {
        let asked = moment();
        let response = self.begin(path, encoding).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.with_context(|| format!("{path} broke off"))?.to_bytes();
        Ok(Got { status, after: asked.elapsed(), body: body.to_vec() })
    }

    /// Asks for what may not end.
    pub async fn begin(&mut self, path: &str, encoding: Encoding) -> anyhow::Result<Response<Incoming>> {
        let request = self.request(Method::GET, path, encoding).body(Full::default())?;
        self.send(request).await.with_context(|| format!("asking for {path}"))
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>> {
        if self.sender.ready().await.is_err() {
            self.sender = connect(self.address).await?;
        }
        Ok(self.sender.send_request(request).await?)
    }

    fn request(&self, method: Method, path: &str, encoding: Encoding) -> hyper::http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            .header(ACCEPT, "text/html");
        let request = match encoding {
            Encoding::Compressed => request.header(ACCEPT_ENCODING, "gzip, br"),
            Encoding::Plain => request,
        };
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
