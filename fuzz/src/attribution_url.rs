//! Any address that a site may send: its parameters are known ones, short, and JSON.

use aurix::domain::attribution::{URL_CHARS_MAX, VALUE_CHARS_MAX, cap_url, is_known, parsed_params};

/// Panics where it does not hold for this input.
pub fn check(urls: (Option<&str>, Option<&str>)) {
    let params = parsed_params(urls.0, urls.1);
    for (name, value) in params.iter() {
        assert!(is_known(name) && !value.is_empty() && value.chars().count() <= VALUE_CHARS_MAX);
    }
    assert!(serde_json::from_str::<serde_json::Value>(&params.to_json()).is_ok_and(|json| json.is_object()));
    assert!(urls.0.is_none_or(|url| cap_url(url.to_owned()).chars().count() <= URL_CHARS_MAX));
}
