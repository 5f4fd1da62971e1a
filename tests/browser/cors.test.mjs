// What the scripts of other sites may fetch: the button's clicks and the chat, from the widget's origins, and nothing of the two APIs or of
// the console. All by Chromium's own `fetch`, so that it is the browser that decides.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startChat } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";
import { startProxy } from "./support/proxy.mjs";
import { startSite } from "./support/site.mjs";

let aurix;
let browser;
let key;
let token;
let whatsapp;
before(async () => {
  [aurix, browser] = await Promise.all([startChat(), launch()]);
  const project = ["--project", aurix.project];
  ({ key } = await aurix.command(["key", "create", ...project]));
  ({ token } = await aurix.command(["token", "create", ...project, "--name", "A program", "--scope", "admin"]));
  const number = ["--phone-number-id", "99", "--number", "+6580001234", "--access-token", "t", "--app-secret", "s", "--verify-token", "v"];
  whatsapp = (await aurix.command(["channel", "add", "whatsapp", ...project, ...number])).channel_id;
});
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

/** Somebody on a page of a site: `{origin, fetches(path, options), preflights}`, these being what the browser asked leave for. */
async function arrive(t, person) {
  const origin = await startSite(t, () => "<!doctype html><title>Shop</title>");
  person ??= await visitor(t, browser);
  const tab = await person.newPage();
  const { url, preflights } = await startProxy(t, aurix.url);
  await tab.goto(origin);
  return { origin, preflights, fetches: (path, options) => tab.evaluate(fetched, { url: url + path, options }) };
}

/** What a page's script gets of a response, or the error that the browser gives it instead. Of a stream that is its beginning. */
async function fetched({ url, options }) {
  try {
    const response = await fetch(url, options);
    const type = response.headers.get("content-type");
    const text = type === "text/event-stream" ? new TextDecoder().decode((await response.body.getReader().read()).value) : await response.text();
    return { status: response.status, kind: response.type, type, retryAfter: response.headers.get("retry-after"), text };
  } catch (error) {
    return { error: error.name };
  }
}

/** More than a chat may send, also on a machine that needs a minute for them. */
const MESSAGES_AT_ONCE = 60;
const BLOCKED = { error: "TypeError" };
const post = (body, headers = {}) => ({ method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

/** Widgets that a site may use: the button's and the chat's. */
async function widgetsFor(origin) {
  const made = [whatsapp, aurix.channel].map((id) => aurix.command(["widget", "create", "--project", aurix.project, "--channel", id, "--origin", origin]));
  const [button, chat] = (await Promise.all(made)).map(({ widget_id: id }) => id);
  return { button, chat };
}

const clicks = async () => {
  const response = await fetch(`${aurix.url}/integrations/external/attribution`, { headers: { authorization: `Bearer ${key}` } });
  return (await response.json()).data.length;
};

test("a site of the widget's list records a click and reads the answer, after the browser has asked", async (t) => {
  const { origin, preflights, fetches } = await arrive(t);
  const { button } = await widgetsFor(origin);
  const click = await fetches(`/c/${button}`, post({ device_id: crypto.randomUUID() }));
  assert.equal(click.status, 200);
  assert.equal(click.kind, "cors");
  assert.match(JSON.parse(click.text).correlation_id, /^O-[0-9A-Za-z]{7}$/);
  assert.deepEqual(preflights, [`/c/${button}`]);
  // The permission is for what the widget needs.
  assert.deepEqual(await fetches(`/c/${button}`, { method: "DELETE" }), BLOCKED);
  assert.deepEqual(await fetches(`/c/${button}`, post({}, { "x-other": "1" })), BLOCKED);
  assert.deepEqual(await fetches(`/c/${button}`, { ...post({}), credentials: "include" }), BLOCKED);
});

test("a site of the widget's list holds a chat, and reads its errors", async (t) => {
  const { origin, preflights, fetches } = await arrive(t);
  const { chat, button } = await widgetsFor(origin);
  const opened = JSON.parse((await fetches(`/chat/${chat}`, post({}))).text);
  const authorization = { authorization: `Bearer ${opened.token}` };
  const sent = await fetches(`/chat/${chat}/messages`, post({ client_id: crypto.randomUUID(), text: "Hello" }, authorization));
  const { seq } = JSON.parse(sent.text);
  assert.ok(Number.isInteger(seq), sent.text);
  const waited = await fetches(`/chat/${chat}/messages?after=${seq - 1}&wait=0`, { headers: authorization });
  assert.equal(JSON.parse(waited.text).messages[0].text, "Hello");
  assert.match((await fetches(`/chat/${chat}/events?after=${seq - 1}`, { headers: authorization })).text, /^retry: /);
  assert.equal((await fetches(`/chat/${chat}/read`, post({ seq }, authorization))).status, 204);
  assert.equal((await fetches(`/chat/${chat}/unread`, { headers: authorization })).status, 200);
  const asked = ["", "/messages", "/events", "/read", "/unread"].map((path) => `/chat/${chat}${path}`);
  assert.deepEqual(asked.filter((path) => !preflights.includes(path)), []);

  for (const [path, options, status] of [
    [`/chat/${chat}/messages`, post({ client_id: "1", text: "Hello" }, { authorization: "Bearer of-nobody" }), 401],
    [`/chat/${chat}/messages`, post({}, authorization), 422],
    [`/chat/${button}`, post({}), 404],
  ]) {
    const refused = await fetches(path, options);
    assert.deepEqual([refused.status, refused.type], [status, "application/problem+json"], path);
    assert.ok(JSON.parse(refused.text).detail);
  }
  // 20 messages a minute, or one every three seconds: the script may read for how long to wait.
  const send = (_, number) => fetches(`/chat/${chat}/messages`, post({ client_id: crypto.randomUUID(), text: `Number ${number}` }, authorization));
  const answers = await Promise.all(Array.from({ length: MESSAGES_AT_ONCE }, send));
  const refused = answers.find(({ status }) => status === 429);
  assert.ok(Number(refused?.retryAfter) > 0, JSON.stringify(answers));
});

test("another site reads nothing but that the chat is refused, and records nothing", async (t) => {
  const own = await arrive(t);
  const { button, chat } = await widgetsFor(own.origin);
  const { token: visitors } = JSON.parse((await own.fetches(`/chat/${chat}`, post({}))).text);
  const before = await clicks();
  const { preflights, fetches } = await arrive(t);
  const authorization = { authorization: `Bearer ${visitors}` };
  for (const [path, options] of [
    [`/chat/${chat}`, post({})],
    [`/chat/${chat}/messages`, post({ client_id: "1", text: "Hello" }, authorization)],
    [`/chat/${chat}/messages?after=0&wait=0`, { headers: authorization }],
    [`/chat/${chat}/events?after=0`, { headers: authorization }],
    [`/chat/${chat}/unread`, { headers: authorization }],
    // Without a question beforehand.
    [`/chat/${chat}/unread`, {}],
  ]) {
    const { status, type, text } = await fetches(path, options);
    assert.deepEqual([status, type], [403, "application/problem+json"], path);
    assert.equal(JSON.parse(text).detail, "This site is not on the widget's list of origins.");
  }
  for (const options of [post({}), { method: "POST", body: "{}" }]) {
    assert.deepEqual(await fetches(`/c/${button}`, options), BLOCKED);
  }
  assert.equal(preflights.length, 6);
  // What a page may send unasked, and not read, does nothing either.
  const unasked = await fetches(`/c/${button}`, { method: "POST", mode: "no-cors", body: "{}" });
  assert.deepEqual([unasked.kind, unasked.status, unasked.text], ["opaque", 0, ""]);
  assert.equal(await clicks(), before);
});

test("no site reads the two APIs or the console, with a key or signed in", async (t) => {
  // Whoever is signed in has the console's cookie.
  const { page, ...owner } = await signIn(t, browser, aurix);
  const person = { context: page.context(), newPage: () => page.context().newPage(), ...owner };
  const { preflights, fetches } = await arrive(t, person);
  const partner = { authorization: `Bearer ${key}` };
  const manager = { authorization: `Bearer ${token}` };
  const asked = [
    ["/integrations/external/leads", { headers: partner }],
    ["/integrations/external/webhook-config", { ...post({ url: "https://shop.test/hook" }, partner), method: "PUT" }],
    ["/api/v1/projects", { headers: manager }],
    [`/api/v1/projects/${aurix.project}/leads`, { headers: manager }],
    [`/api/v1/projects/${aurix.project}/webhooks`, post({ url: "https://shop.test/hook" }, manager)],
  ];
  const unasked = ["/integrations/external/leads", "/api/v1/projects", "/", `/p/${aurix.project}/leads`, "/login"];
  for (const [path, options] of [...asked, ...unasked.map((path) => [path, { credentials: "include" }])]) {
    assert.deepEqual(await fetches(path, options), BLOCKED, path);
  }
  assert.equal(preflights.length, asked.length);
  // The document is everybody's, and the key itself is good.
  assert.equal((await fetches("/openapi.json")).status, 200);
  assert.equal((await fetch(`${aurix.url}/integrations/external/leads`, { headers: partner })).status, 200);
  assert.equal((await fetch(`${aurix.url}/api/v1/projects`, { headers: manager })).status, 200);
});
