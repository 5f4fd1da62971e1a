//! What a test sees of a response.

use aurix::net;
use serde_json::Value;

/// A response of the server.
pub struct HttpResponse(pub net::Response);

impl HttpResponse {
    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn header(&self, name: &str) -> &str {
        self.0.header(name).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The reference in the link that a click was sent to.
    pub fn reference(&self) -> String {
        let location = self.header("location").to_owned();
        let at =
            location.find("O-").unwrap_or_else(|| panic!("no reference in {location:?}, status {}", self.status()));
        location[at..at + 9].to_owned()
    }
}
