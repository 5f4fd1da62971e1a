//! Refuses what no handler should see: a request without one usable `Host` (RFC 9112, section 3.2), and a path with a NUL,
//! which databases refuse and which is in no name.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Version};

use super::error::{ApiError, Result};

/// Whether a handler may see the request.
pub fn check(request: &Request) -> Result<()> {
    host(request.version(), request.headers()).map_err(|detail| ApiError::Malformed(detail.to_owned()))?;
    if request.uri().path().contains("%00") {
        return Err(ApiError::NotFound("There is nothing at this path.".to_owned()));
    }
    Ok(())
}

/// HTTP/1.0 knows no `Host`.
fn host(version: Version, headers: &HeaderMap) -> std::result::Result<(), &'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    let is_name = |byte: &u8| byte.is_ascii_graphic() && !b"/\\?#@,".contains(byte);
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host.as_bytes().iter().all(is_name) => Ok(()),
        (Some(_), None) => Err("The Host header is not a host name with an optional port."),
        (Some(_), Some(_)) => Err("Send the Host header once."),
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => Err("Send a Host header."),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_names_one_host() {
        let check = |version, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in hosts {
                headers.append(HOST, HeaderValue::from_static(value));
            }
            host(version, &headers).is_ok()
        };
        for value in ["example.com", "example.com:8080", "[::1]:8080", ""] {
            assert!(check(Version::HTTP_11, &[value]), "{value}");
        }
        for value in ["a b", "a,b", "user@example.com", "example.com/path"] {
            assert!(!check(Version::HTTP_11, &[value]), "{value}");
        }
        assert!(!check(Version::HTTP_11, &[]) && !check(Version::HTTP_11, &["a", "a"]));
        assert!(check(Version::HTTP_10, &[]) && !check(Version::HTTP_10, &["a", "b"]));
    }
}
