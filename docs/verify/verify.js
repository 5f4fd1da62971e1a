const { createHmac, timingSafeEqual } = require("node:crypto");

// body: the raw bytes (express.raw()); signature: the header x-hub-signature.
function isFromAurix(secret, body, signature) {
  const expected = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"));
  const given = Buffer.from(signature ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
