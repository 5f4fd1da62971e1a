// What the library `standardwebhooks` of npm says of requests. Reads lines of JSON, `{secret, headers, body, at?}`, and prints a line for
// each: the parsed body, or why it is refused. With `at`, the library signs the request anew, as of that second.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// Installed where it runs.
const { Webhook } = createRequire(`${process.cwd()}/`)("standardwebhooks");

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body, at } = JSON.parse(line);
  // Ours is no base64: its characters are the key.
  const webhook = new Webhook(secret, { format: "raw" });
  if (at) {
    headers["webhook-timestamp"] = String(at);
    headers["webhook-signature"] = webhook.sign(headers["webhook-id"], new Date(at * 1000), body);
  }
  try {
    console.log(JSON.stringify({ event: webhook.verify(body, headers) }));
  } catch (error) {
    console.log(JSON.stringify({ refused: `${error.name}: ${error.message}` }));
  }
}
