import (
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
}
