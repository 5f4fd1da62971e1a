//! Why an order failed, in words for whoever runs the server: what the authority said, and what to do.

use instant_acme::{Error, Problem};

use crate::net::SendError;

/// Where the kinds of an authority's errors are named (RFC 8555, section 6.7).
const KINDS: &str = "urn:ietf:params:acme:error:";

/// Why an order failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The authority looked at domains, and did not find this installation.
    Refused(Vec<Refusal>),
    /// The authority does not look by TLS-ALPN-01.
    NoChallenge {
        /// At which domain.
        domain: String,
    },
    /// A call of the authority failed.
    Call(Error),
    /// The order did not end.
    TooLong,
    /// Something here failed: the database, for example.
    Here(anyhow::Error),
}

/// What the authority says of a domain.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) domain: String,
    pub(super) problem: Option<Problem>,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Self::Here(error)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl Fault {
    /// Whether the authority does not know the account any more.
    pub(super) fn is_of_account(&self) -> bool {
        matches!(self, Self::Call(Error::Api(problem)) if kind(problem) == "accountDoesNotExist")
    }

    /// What was wrong and what to do, in a line.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Refused(refusals) if refusals.is_empty() => {
                "the authority refused the order, and does not say why".to_owned()
            }
            Self::Refused(refusals) => refusals.iter().map(Refusal::in_words).collect::<Vec<_>>().join(" "),
            Self::NoChallenge { domain } => format!(
                "{domain}: the authority does not look by TLS-ALPN-01, the way that Aurix knows. Take another one (AURIX_ACME_DIRECTORY)."
            ),
            Self::Call(Error::Api(problem)) => in_words("the authority", problem),
            Self::Call(Error::Other(error)) if error.is::<SendError>() => format!(
                "the authority cannot be reached: {error}. Look whether this machine may connect to the outside, and at AURIX_ACME_DIRECTORY."
            ),
            Self::Call(Error::Json(_)) => {
                "what answers is no certificate authority that speaks ACME. Look at AURIX_ACME_DIRECTORY.".to_owned()
            }
            Self::Call(Error::Timeout(_)) => "the authority takes long, and has not ended the order yet.".to_owned(),
            Self::Call(error) => format!("the authority answered in a way that Aurix does not know: {error}"),
            Self::TooLong => "the order took too long and was given up.".to_owned(),
            Self::Here(error) => format!("{error:#}"),
        }
    }
}

impl Refusal {
    fn in_words(&self) -> String {
        match &self.problem {
            Some(problem) => in_words(&self.domain, problem),
            None => format!("{}: the authority has not looked yet.", self.domain),
        }
    }
}

fn kind(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix(KINDS).unwrap_or(kind)
}

/// `aurix.example: Connection refused. Open port 443 …`
fn in_words(whose: &str, problem: &Problem) -> String {
    let subproblems: Vec<String> = problem.subproblems.iter().map(ToString::to_string).collect();
    let detail = problem.detail.clone().unwrap_or_else(|| kind(problem).to_owned());
    let said = [vec![detail], subproblems].concat().join("; ");
    // The authority quotes what others sent.
    let said: String = said.chars().filter(|c| !c.is_control()).take(1_000).collect();
    format!("{whose}: {}. {}", said.trim_end_matches('.'), advice(kind(problem))).trim_end().to_owned()
}

fn advice(kind: &str) -> &'static str {
    match kind {
        "connection" => {
            "The authority could not connect: open port 443 in the firewall, have it lead to this machine, and look whether the domain's \
             addresses (A and AAAA) are this machine's."
        }
        "dns" => {
            "The domain's address could not be looked up: make an A record with this machine's address (and AAAA where IPv6 reaches it) \
             where the domain is looked after."
        }
        "tls" | "unauthorized" | "incorrectResponse" => {
            "Something else answers on port 443 of this domain: another machine, or a proxy that ends the encryption. Have connections come \
             through as they are, or leave AURIX_ACME_DOMAIN out and let the proxy have the certificate."
        }
        "caa" => {
            "A CAA record of the domain names other authorities: add this one (letsencrypt.org, for Let's Encrypt)."
        }
        "rateLimited" => "The authority limits how often it is asked. Aurix waits; there is nothing to do.",
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "The authority gives no certificate for this domain: look at AURIX_ACME_DOMAIN."
        }
        "invalidContact" | "unsupportedContact" => "Look at AURIX_ACME_EMAIL.",
        "externalAccountRequired" => {
            "This authority wants accounts that were made with it before, which Aurix cannot: take another one (AURIX_ACME_DIRECTORY)."
        }
        "accountDoesNotExist" => "It does not know the account any more: the next order makes a new one.",
        "userActionRequired" => "It wants its terms agreed to anew: see its site.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str, detail: &str) -> Problem {
        let value = serde_json::json!({"type": format!("{KINDS}{kind}"), "detail": detail});
        serde_json::from_value(value).expect("a problem")
    }

    #[test]
    fn what_an_authority_says_comes_with_what_to_do() {
        let check = |kind, part: &str| {
            let fault =
                Fault::from(Refusal { domain: "aurix.example".into(), problem: Some(problem(kind, "It\nfailed.")) });
            let said = fault.in_words();
            assert!(said.starts_with("aurix.example: Itfailed. ") && said.contains(part), "{kind}: {said}");
        };
        check("connection", "open port 443");
        check("dns", "A record");
        check("unauthorized", "Something else answers");
        check("caa", "CAA record");
        check("rateLimited", "Aurix waits");
        let unknown = Fault::from(Error::Api(problem("serverInternal", "Down for repair")));
        assert_eq!(unknown.in_words(), "the authority: Down for repair.");
        assert!(Fault::from(Error::Api(problem("accountDoesNotExist", "Who?"))).is_of_account());
        assert!(!unknown.is_of_account());
    }
}
