//! A mail server on loopback that speaks SMTP as RFC 5321 has it: keeps what it takes on, and answers as it is scripted to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aurix::smtp::{MailServer, Sender};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Who Aurix's mails are from.
pub const FROM: &str = "Aurix <aurix@example.com>";

/// A mail that the server has taken on.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    pub from: String,
    pub to: String,
    /// As it came, without the dots that SMTP adds.
    pub data: String,
    /// Whether the connection was encrypted.
    pub is_encrypted: bool,
    /// Name and password, where they were given.
    pub login: Option<(String, String)>,
}

impl ReceivedMail {
    /// The head, each header on one line.
    pub fn headers(&self) -> Vec<(String, String)> {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        unfolded.split("\r\n").filter_map(header).collect()
    }

    pub fn header(&self, name: &str) -> String {
        let headers = self.headers();
        let mut named = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = named.next().map(|(_, value)| value.clone()).unwrap_or_default();
        assert!(named.next().is_none(), "{name} twice: {headers:?}");
        value
    }

    pub fn subject(&self) -> String {
        self.header("Subject")
    }

    /// The part of that type, decoded.
    fn part(&self, kind: &str) -> String {
        let content_type = self.header("Content-Type");
        let boundary = content_type.split('"').nth(1).expect("a boundary");
        let part = self
            .data
            .split(&format!("--{boundary}"))
            .find(|part| part.contains(&format!("Content-Type: {kind}")))
            .expect(kind);
        let (head, body) = part.split_once("\r\n\r\n").expect("a head");
        let body = body.replace("\r\n", "\n");
        if head.contains("quoted-printable") { unquoted(&body) } else { body }
    }

    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    pub fn html(&self) -> String {
        self.part("text/html")
    }
}

/// Quoted-printable, decoded.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut parts = joined.split('=');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[derive(Default)]
struct Shared {
    mails: Vec<ReceivedMail>,
    /// Answers to the greeting of the next connections.
    greetings: VecDeque<&'static str>,
    /// Answers to the next recipients.
    recipients: VecDeque<&'static str>,
    connections: usize,
}

/// The server. Without instructions it takes everything on.
#[derive(Clone)]
pub struct SmtpServer {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    certificate: Option<Vec<u8>>,
}

impl SmtpServer {
    /// One that knows no encryption.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that offers STARTTLS, with a certificate of its own for `localhost`.
    pub async fn start_with_tls() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("a server");
        Self::start_with(Some((TlsAcceptor::from(Arc::new(config)), certificate.to_vec()))).await
    }

    async fn start_with(tls: Option<(TlsAcceptor, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let (acceptor, certificate) = tls.unzip();
        let server = Self { port, shared, certificate };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, acceptor) = (serving.clone(), acceptor.clone());
                // A connection that breaks off is none of the test's business.
                tokio::spawn(async move { server.serve(stream, acceptor).await });
            }
        });
        server
    }

    /// As the settings name it; `more` is what stands behind the address.
    pub fn settings_with(&self, user: &str, more: &str) -> MailServer {
        let url = format!("smtp://{user}localhost:{}{more}", self.port);
        let mut settings = MailServer::parse(&url, Sender::parse(FROM).expect("a sender")).expect("a server");
        settings.extra_roots.extend(self.certificate.clone());
        settings
    }

    pub fn settings(&self) -> MailServer {
        self.settings_with("", "")
    }

    /// Greets the next connection so, and ends it.
    pub fn refuse_next(&self, greeting: &'static str) {
        self.shared().greetings.push_back(greeting);
    }

    /// Answers so to the next recipient.
    pub fn answer_recipient(&self, answer: &'static str) {
        self.shared().recipients.push_back(answer);
    }

    /// What came since the last call.
    pub fn take(&self) -> Vec<ReceivedMail> {
        std::mem::take(&mut self.shared().mails)
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.shared().connections
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut stream: TcpStream, acceptor: Option<TlsAcceptor>) -> std::io::Result<()> {
        let greeting = {
            let mut shared = self.shared();
            shared.connections += 1;
            shared.greetings.pop_front()
        };
        if let Some(greeting) = greeting {
            return stream.write_all(format!("{greeting}\r\n").as_bytes()).await;
        }
        stream.write_all(b"220 mail.example.com ESMTP\r\n").await?;
        let Some(acceptor) = acceptor else { return self.talk(stream, false, false).await.map(|_| ()) };
        match self.talk(stream, false, true).await? {
            Some(stream) => self.talk(acceptor.accept(stream).await?, true, false).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Talks until the other side leaves, or wants TLS: then the connection goes on.
    async fn talk<S>(&self, stream: S, is_encrypted: bool, has_tls: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = BufReader::new(stream);
        let (mut from, mut to, mut login) = (String::new(), String::new(), None);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            let answer = match verb.to_uppercase().as_str() {
                "EHLO" => {
                    let more = if has_tls { "STARTTLS" } else { "AUTH PLAIN" };
                    format!("250-mail.example.com\r\n250-8BITMIME\r\n250 {more}")
                }
                "STARTTLS" if has_tls => {
                    stream.write_all(b"220 go ahead\r\n").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "AUTH" => {
                    let given = STANDARD.decode(rest.trim_start_matches("PLAIN ")).unwrap_or_default();
                    let given = String::from_utf8_lossy(&given).into_owned();
                    let mut parts = given.split('\0').skip(1).map(str::to_owned);
                    login = parts.next().zip(parts.next());
                    "235 welcome".to_owned()
                }
                "MAIL" => {
                    from = address(rest);
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    to = address(rest);
                    self.shared().recipients.pop_front().unwrap_or("250 ok").to_owned()
                }
                "DATA" => {
                    stream.write_all(b"354 go ahead\r\n").await?;
                    let data = read_data(&mut stream).await?;
                    let (from, to, login) = (from.clone(), to.clone(), login.clone());
                    self.shared().mails.push(ReceivedMail { from, to, data, is_encrypted, login });
                    "250 taken".to_owned()
                }
                "RSET" | "NOOP" => "250 ok".to_owned(),
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(None);
                }
                _ => "502 what?".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

fn address(text: &str) -> String {
    text.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

async fn read_data<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.as_str() {
            ".\r\n" => return Ok(data),
            line => data.push_str(line.strip_prefix('.').unwrap_or(line)),
        }
    }
}

/// Runs each test on SQLite and on PostgreSQL, with a mail server.
macro_rules! with_mail {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: &TestApp, $mail:ident: &SmtpServer) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn scenario($app: &TestApp, $mail: &SmtpServer) $body

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                let mail = SmtpServer::start().await;
                let app = TestApp::on_sqlite_with(|config| config.mail = Some(mail.settings())).await;
                scenario(&app, &mail).await;
                app.end().await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                let mail = SmtpServer::start().await;
                let app = TestApp::on_postgres_with(|config| config.mail = Some(mail.settings())).await;
                scenario(&app, &mail).await;
                app.end().await;
            }
        })*
    };
}
