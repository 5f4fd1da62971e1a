//! Any head of a request: its host, path, key and `User-Agent`.

use aurix::domain::visitor::{RequestKind, RequestSigns};
use aurix::http::auth::bearer;
use aurix::http::well_formed;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, HeaderValue, Request};

/// Panics where it does not hold for this input.
pub fn check(head: (&[u8], &[u8], &[u8], &str)) {
    let (path, host, authorization, user_agent) = head;
    if let Ok(request) = Request::builder().uri(path).header(HOST, host).body(Body::empty())
        && well_formed::check(&request).is_ok()
    {
        assert!(!host.iter().any(|byte| b"/@,".contains(byte)));
        assert!(!request.uri().path().contains("%00"));
    }
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, value.clone());
        if let Ok(key) = bearer(&headers) {
            assert!(!key.is_empty() && key.len() <= 256 && !key.contains(char::is_whitespace));
        }
        headers.append(AUTHORIZATION, value);
        assert!(bearer(&headers).is_err());
    }
    let of = |user_agent: &str| {
        RequestKind::of(&RequestSigns { method: "GET", user_agent: Some(user_agent), ..RequestSigns::default() })
    };
    of(user_agent);
    assert!(matches!(of(&format!("facebookexternalhit/1.1 {user_agent}")), RequestKind::Crawler(_)));
}
