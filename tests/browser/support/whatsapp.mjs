// WhatsApp, scripted at its HTTP border: people who write, and the API that replies go to.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { until } from "./until.mjs";

export const PHONE_NUMBER_ID = "106540352242922";
export const APP_SECRET = "secret";

/**
 * `{url, texts, person(aurix, {name, waId}), hold(), release(), stop()}`: the platform's API at `url`, and in `texts` the replies that
 * it was given, oldest first. While it holds, it takes replies and does not respond.
 */
export async function startWhatsApp() {
  const texts = [];
  const waiting = [];
  const files = new Map();
  const sentTemplates = [];
  let holds = false;
  let number = 0;
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const { pathname } = new URL(request.url, "http://localhost");
    const known = told[pathname.split("/").at(-1)];
    if (known) return response.end(JSON.stringify(known));
    const file = files.get(pathname.split("/").at(-1));
    if (file && pathname.startsWith("/files/")) return response.end(file);
    if (file) return response.end(JSON.stringify({ url: `http://${request.headers.host}/files/${pathname.split("/").at(-1)}`, file_size: file.length }));
    const call = body ? JSON.parse(body) : {};
    if (call.template) sentTemplates.push(call.template);
    const text = call.text?.body ?? call.interactive?.body.text;
    if (text) texts.push(text);
    const respond = () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ messaging_product: "whatsapp", messages: [{ id: `wamid.reply${++number}` }] }));
    };
    // That a message was read is no reply.
    if (holds && call.status !== "read") waiting.push(respond);
    else respond();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    texts,
    sentTemplates,
    person: (aurix, who) => person(aurix, texts, files, who),
    hold: () => (holds = true),
    release() {
      holds = false;
      for (const respond of waiting.splice(0)) respond();
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the platform says of the token, and of the account's templates. */
const told = {
  debug_token: { data: { is_valid: true, granular_scopes: [{ scope: "whatsapp_business_management", target_ids: ["102290129340398"] }] } },
  message_templates: {
    data: [
      { name: "pick_up", language: "en_US", status: "APPROVED", category: "UTILITY", components: [{ type: "BODY", text: "Hello {{1}}, your {{2}} is ready. We are open until six." }] },
      { name: "come_back", language: "en_US", status: "APPROVED", category: "MARKETING", components: [{ type: "HEADER", format: "TEXT", text: "We miss you" }, { type: "BODY", text: "Hello {{first_name}}, bring your bicycle this week." }] },
    ],
  },
};

/** Somebody who writes on WhatsApp. */
function person(aurix, texts, files, { name, waId }) {
  let number = 0;
  const sends = async (content, daysAgo = 0) => {
    const timestamp = String(Math.floor(Date.now() / 1000) - daysAgo * 86_400);
    const value = {
      messaging_product: "whatsapp",
      metadata: { phone_number_id: PHONE_NUMBER_ID },
      contacts: [{ profile: { name }, wa_id: waId }],
      messages: [{ from: waId, id: `wamid.${waId}.${++number}`, timestamp, ...content }],
    };
    const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: [{ field: "messages", value }] }] });
    const signature = createHmac("sha256", APP_SECRET).update(body).digest("hex");
    const response = await fetch(`${aurix.url}/channels/whatsapp/${PHONE_NUMBER_ID}/webhook`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
      body,
    });
    if (!response.ok) throw new Error(`the inbound webhook responded ${response.status}: ${await response.text()}`);
  };
  const writes = (text) => sends({ type: "text", text: { body: text } });
  return {
    name,
    writes,
    wrote: (text, daysAgo) => sends({ type: "text", text: { body: text } }, daysAgo),
    /** Sends a file, as the platform tells of one: what it is called there, and by which the platform gives its bytes. */
    async sendsFile(id, content, filename) {
      files.set(id, content);
      await sends(filename ? { type: "document", document: { id, filename } } : { type: "image", image: { id, mime_type: "image/png" } });
    },
    /** Writes, and waits for the next reply that the platform is given. */
    async asks(text) {
      const before = texts.length;
      await writes(text);
      return until(`a reply to "${text}"`, () => texts[before]);
    },
  };
}

export async function read(request) {
  let body = "";
  for await (const part of request) body += part;
  return body;
}
