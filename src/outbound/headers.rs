//! The headers that a webhook's owner may add to its deliveries.

use crate::domain::text::cut;

/// Custom headers of one webhook at most.
pub const HEADERS_MAX: usize = 20;

/// The longest name of a custom header.
pub const NAME_LENGTH_MAX: usize = 128;

/// The longest value of a custom header, in bytes.
pub const VALUE_BYTES_MAX: usize = 4 * 1024;

/// Names that are Aurix's or the connection's own, in lower case. Those that begin with `proxy-` are too.
const RESERVED: [&str; 17] = [
    "host",
    "accept",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "x-hub-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// Why a custom header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// Not `Name: value`.
    #[error("a header is written as `Name: value`")]
    NoColon,
    /// Not a token of RFC 9110.
    #[error("`{0}` is not a header name: letters, digits and hyphens, at most {NAME_LENGTH_MAX}")]
    Name(String),
    /// One that Aurix or the connection sets.
    #[error("the header `{0}` is set by Aurix and cannot be changed")]
    Reserved(String),
    /// A value with line breaks, control characters or anything beyond ASCII, or a very long one.
    #[error("the value of `{0}` may have visible ASCII characters and spaces only, at most {VALUE_BYTES_MAX}")]
    Value(String),
    /// The same name twice.
    #[error("the header `{0}` is given twice")]
    Twice(String),
    /// More than [`HEADERS_MAX`].
    #[error("a webhook has at most {HEADERS_MAX} headers of its own")]
    TooMany,
}

/// Checks one custom header. `Authorization` is welcome.
pub fn check(name: &str, value: &str) -> Result<(), InvalidHeader> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.bytes().all(is_token) {
        return Err(InvalidHeader::Name(cut(name, NAME_LENGTH_MAX).to_owned()));
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("proxy-") {
        return Err(InvalidHeader::Reserved(lower));
    }
    let is_visible = |byte: u8| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic();
    if value.len() > VALUE_BYTES_MAX || !value.bytes().all(is_visible) {
        return Err(InvalidHeader::Value(lower));
    }
    Ok(())
}

/// Checks all custom headers of one webhook.
pub fn check_all(headers: &[(String, String)]) -> Result<(), InvalidHeader> {
    if headers.len() > HEADERS_MAX {
        return Err(InvalidHeader::TooMany);
    }
    for (position, (name, value)) in headers.iter().enumerate() {
        check(name, value)?;
        if headers[..position].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(InvalidHeader::Twice(name.to_ascii_lowercase()));
        }
    }
    Ok(())
}

/// Takes `Name: value` apart and checks it.
pub fn parse_line(line: &str) -> Result<(String, String), InvalidHeader> {
    let (name, value) = line.split_once(':').ok_or(InvalidHeader::NoColon)?;
    let value = value.trim();
    check(name, value)?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_may_authorize_deliveries() {
        assert_eq!(parse_line("Authorization: Bearer abc"), Ok(("Authorization".into(), "Bearer abc".into())));
        assert_eq!(parse_line("X-Tenant:a:b"), Ok(("X-Tenant".into(), "a:b".into())));
        assert_eq!(check("x-empty", ""), Ok(()));
    }

    #[test]
    fn what_is_aurixs_or_the_connections_is_refused_in_any_case() {
        for name in RESERVED.into_iter().chain(["Host", "CONTENT-LENGTH", "X-Hub-Signature", "Proxy-Authorization"]) {
            assert_eq!(check(name, "x"), Err(InvalidHeader::Reserved(name.to_ascii_lowercase())));
        }
    }

    #[test]
    fn nothing_smuggles_a_second_header() {
        for line in ["X-A: b\r\nHost: evil", "X-A: b\nc", "X-A: \0", "X-A: é", "X-A: \u{7f}"] {
            assert_eq!(parse_line(line), Err(InvalidHeader::Value("x-a".into())), "{line:?}");
        }
        for line in [": x", "X A: b", "X-A\r\n: b", "X\u{e9}: b", "X-A(: b"] {
            assert!(matches!(parse_line(line), Err(InvalidHeader::Name(_) | InvalidHeader::Value(_))), "{line:?}");
        }
        assert_eq!(parse_line("Authorization Bearer abc"), Err(InvalidHeader::NoColon));
        assert_eq!(check("x-long", &"a".repeat(VALUE_BYTES_MAX + 1)), Err(InvalidHeader::Value("x-long".into())));
    }

    #[test]
    fn a_list_has_an_end_and_no_name_twice() {
        let header = |name: &str| (name.to_owned(), "1".to_owned());
        let many: Vec<_> = (0..=HEADERS_MAX).map(|number| header(&format!("x-{number}"))).collect();
        assert_eq!(check_all(&many[1..]), Ok(()));
        assert_eq!(check_all(&many), Err(InvalidHeader::TooMany));
        assert_eq!(check_all(&[header("X-A"), header("x-a")]), Err(InvalidHeader::Twice("x-a".into())));
    }

    proptest::proptest! {
        #[test]
        fn whatever_passes_can_be_sent(name in "[\\PC\r\n]{0,12}", value in "[\\PC\r\n]{0,20}") {
            if check(&name, &value).is_ok() {
                proptest::prop_assert!(hyper::header::HeaderName::from_bytes(name.as_bytes()).is_ok());
                proptest::prop_assert!(hyper::header::HeaderValue::from_str(&value).is_ok());
            }
        }
    }
}
