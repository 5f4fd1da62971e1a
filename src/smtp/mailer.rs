//! Hands one letter to the mail server.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::letter::{Letter, one_line};
use super::server::{Encryption, MailServer, Sender};
use crate::domain::text::cut;
use crate::domain::time::Timestamp;

/// What each command to the server may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);
/// What an attempt may take in all.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 300;
/// What a server answers where the recipient is none: mailbox unavailable, not local, name not allowed (RFC 5321, 4.2.3).
const NO_RECIPIENT: [u16; 3] = [550, 551, 553];

/// Hands letters to one server. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    server: MailServer,
    /// Made with the first letter: reading the machine's certificates takes a moment.
    transport: OnceCell<AsyncSmtpTransport<Tokio1Executor>>,
}

/// A letter and whom it is for.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Unique; the same on every attempt, so that mailboxes know a duplicate.
    pub id: &'a str,
    /// The recipient's address.
    pub to: &'a str,
    /// When it was written.
    pub written_at: Timestamp,
    /// The letter.
    pub letter: &'a Letter,
}

/// Why a letter was not taken on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFailed {
    /// Nobody gets mail at that address: another attempt would fail alike.
    #[error("the address gets no mail: {0}")]
    Recipient(String),
    /// The server is away, or wants something else.
    #[error("{0}")]
    Server(String),
}

impl Mailer {
    /// For that server.
    pub fn new(server: MailServer) -> Self {
        Self(Arc::new(Inner { server, transport: OnceCell::new() }))
    }

    /// The server, as pages show it: `mail.example.com:587`.
    pub fn host(&self) -> String {
        format!("{}:{}", self.0.server.host, self.0.server.port)
    }

    /// Who letters are from.
    pub fn from(&self) -> &Sender {
        &self.0.server.from
    }

    /// One attempt. The server has the letter when it ends well.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<(), MailFailed> {
        let message = self.message(outgoing)?;
        let attempt = async {
            let transport = self.0.transport.get_or_try_init(|| transport(&self.0.server)).await?;
            transport.send(message).await.map_err(|error| failed(&error)).map(|_| ())
        };
        let late = |_| Err(MailFailed::Server(format!("no answer within {} s", ATTEMPT_TIMEOUT.as_secs())));
        timeout(ATTEMPT_TIMEOUT, attempt).await.unwrap_or_else(late)
    }

    fn message(&self, Outgoing { id, to, written_at, letter }: Outgoing<'_>) -> Result<Message, MailFailed> {
        let address: Address =
            to.parse().map_err(|error: lettre::address::AddressError| MailFailed::Recipient(error.to_string()))?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(self.0.server.from.0.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject.clone())
            .date(SystemTime::from(written_at))
            .message_id(Some(format!("<{id}@{}>", self.0.server.from.domain())))
            // So that nobody's mailbox answers that they are on holiday (RFC 3834).
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| MailFailed::Server(error.to_string()))
    }
}

async fn transport(server: &MailServer) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailFailed> {
    let tls = match server.encryption {
        Encryption::None => Tls::None,
        Encryption::StartTls => Tls::Required(tls_parameters(server).await?),
        Encryption::FromStart => Tls::Wrapper(tls_parameters(server).await?),
    };
    // The name does not say it: `Tls::Required` refuses a server without STARTTLS.
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls)
        .timeout(Some(COMMAND_TIMEOUT))
        .hello_name(ClientId::Domain(server.from.domain().to_owned()));
    if let Some((user, password)) = &server.credentials {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
    }
    Ok(builder.build())
}

/// Reading the machine's certificates touches a hundred files: not on a thread that serves others.
async fn tls_parameters(server: &MailServer) -> Result<TlsParameters, MailFailed> {
    let (host, extra_roots) = (server.host.clone(), server.extra_roots.clone());
    let made = tokio::task::spawn_blocking(move || {
        // A machine without a store of its own trusts Mozilla's list.
        let has_own = !rustls_native_certs::load_native_certs().certs.is_empty();
        let store = if has_own { CertificateStore::Default } else { CertificateStore::WebpkiRoots };
        let mut builder = TlsParameters::builder(host).certificate_store(store);
        for root in extra_roots {
            builder = builder.add_root_certificate(Certificate::from_der(root)?);
        }
        builder.build_rustls()
    });
    made.await.map_err(|error| MailFailed::Server(error.to_string()))?.map_err(|error| failed(&error))
}

fn failed(error: &lettre::transport::smtp::Error) -> MailFailed {
    let text = cut(&one_line(&error.to_string()), ERROR_CHARS_MAX).to_owned();
    match error.status() {
        Some(code) if NO_RECIPIENT.contains(&code.into()) => MailFailed::Recipient(text),
        _ => MailFailed::Server(text),
    }
}
