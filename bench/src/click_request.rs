//! The request of a click, and how the event that it caused is recognised.

use crate::rows;

/// What the browser of a visitor says.
pub const USER_AGENT: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
/// Where the visitor came in, percent-encoded.
const LANDING: &str = "https%3A%2F%2Fshop.example%2Fbikes%3Futm_source%3Dgoogle%26utm_medium%3Dcpc%26utm_campaign%3Dspring%26gclid%3DCj0KCQjwsoBhC5ARIsAJx";
/// Where the visitor clicked, percent-encoded.
const PAGE: &str = "https%3A%2F%2Fshop.example%2Fbikes%2Fcity-7";
/// Where the visitor was before, percent-encoded.
const REFERRER: &str = "https%3A%2F%2Fwww.google.com%2F";

/// Writes the click of a visitor who was never seen before.
pub fn writer(widget: &str) -> impl Fn(u64, &mut Vec<u8>) + use<> {
    let (before, after) = (
        format!("GET /c/{widget}?device_id="),
        format!(
            "&click_url={PAGE}&first_raw_url={LANDING}&referrer={REFERRER} HTTP/1.1\r\nhost: localhost\r\n\
             user-agent: {USER_AGENT}\r\naccept: text/html\r\naccept-language: en\r\n\r\n"
        ),
    );
    move |number, request| {
        request.extend_from_slice(before.as_bytes());
        request.extend_from_slice(rows::device(number).as_bytes());
        request.extend_from_slice(after.as_bytes());
    }
}

/// Reads the number of a click from the event that it caused.
pub fn number(event: &[u8]) -> Option<u64> {
    const BEFORE: &[u8] = b"\"device_id\":\"";
    let at = event.windows(BEFORE.len()).position(|bytes| bytes == BEFORE)? + BEFORE.len();
    let device = std::str::from_utf8(event.get(at..at + 36)?).ok()?;
    u64::from_str_radix(device.rsplit_once('-')?.1, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_known_by_its_event() {
        let mut request = Vec::new();
        writer("w")(0xabc, &mut request);
        let request = String::from_utf8(request).expect("a request is text");
        let device = request.split_once("device_id=").expect("the device's").1.split_once('&').expect("more").0;
        assert_eq!(number(format!("{{\"data\":{{\"device_id\":\"{device}\",\"x\":1}}}}").as_bytes()), Some(0xabc));
        assert_eq!(number(b"{\"device_id\":\"short\"}"), None);
        assert_eq!(number(b"{\"device_id\":null}"), None);
    }
}
