//! How a receiver checks the signature of a delivery, in four languages.

/// A language, and a function that says whether a request is ours.
pub struct Snippet {
    /// `Python`
    pub language: &'static str,
    /// For its element.
    pub id: &'static str,
    /// The code.
    pub code: &'static str,
}

/// All of them.
pub const SNIPPETS: [Snippet; 4] = [
    Snippet {
        language: "Python",
        id: "check-python",
        code: r#"import hashlib, hmac

def is_from_aurix(secret: str, body: bytes, signature: str) -> bool:
    """`body`: the raw bytes; `signature`: the header x-hub-signature."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)"#,
    },
    Snippet {
        language: "Node",
        id: "check-node",
        code: r#"const { createHmac, timingSafeEqual } = require("node:crypto");

// body: the raw bytes (express.raw()); signature: the header x-hub-signature.
function isFromAurix(secret, body, signature) {
  const expected = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"));
  const given = Buffer.from(signature ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}"#,
    },
    Snippet {
        language: "PHP",
        id: "check-php",
        code: r#"<?php
$body = file_get_contents('php://input');
$expected = hash_hmac('sha256', $body, $secret);
if (!hash_equals($expected, $_SERVER['HTTP_X_HUB_SIGNATURE'] ?? '')) {
    http_response_code(401);
    exit;
}"#,
    },
    Snippet {
        language: "Go",
        id: "check-go",
        code: r#"import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// body: the raw bytes; signature: the header X-Hub-Signature.
func isFromAurix(secret string, body []byte, signature string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	expected := hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(expected), []byte(signature))
}"#,
    },
];
