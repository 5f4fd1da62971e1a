// The widget on sites and in browsers that make it hard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "./support/aurix.mjs";
import { launch, clicked, visitor, visitorWithoutStorage } from "./support/browser.mjs";
import { button, shopPage, startSite } from "./support/site.mjs";

let aurix;
let browser;
before(async () => ([aurix, browser] = await Promise.all([startServer(), launch()])));
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

const HOSTILE_CSS = `
  :not(html) { all: revert; transform: scale(.2) !important; color: red !important; font-size: 90px !important; }
  html > *:not(head):not(body), aurix-widget { display: none !important; opacity: 0 !important; position: static !important; }
  a { display: none !important; } body { transform: translateY(200px) !important; }`;

async function open(t, person, page, { headers, path = "/" } = {}) {
  const site = await startSite(t, () => page, headers);
  const tab = await person.newPage();
  await tab.goto(site + path);
  return tab;
}

async function lookOf(link) {
  const box = await link.boundingBox();
  const { innerWidth, innerHeight } = await link.evaluate(() => ({ innerWidth, innerHeight }));
  return { width: box.width, height: box.height, right: innerWidth - box.x - box.width, bottom: innerHeight - box.y - box.height };
}
const PROPER = { width: 56, height: 56, right: 20, bottom: 20 };

test("a site's CSS does not reach the button", async (t) => {
  const person = await visitor(t, browser);
  const tab = await open(t, person, shopPage(aurix, { head: `<style>${HOSTILE_CSS}</style>` }));
  await button(tab).waitFor();
  assert.deepEqual(await lookOf(button(tab)), PROPER);
  await clicked(person, () => button(tab).click());
});

test("a strict content security policy and trusted types are enough", async (t) => {
  const person = await visitor(t, browser);
  const policy = `default-src 'none'; script-src ${aurix.url}; style-src 'self'; require-trusted-types-for 'script'`;
  const tab = await open(t, person, shopPage(aurix), { headers: { "content-security-policy": policy } });
  await button(tab).waitFor();
  assert.deepEqual(await lookOf(button(tab)), PROPER);
  await clicked(person, () => button(tab).click());
  assert.deepEqual(person.complaints, []);
});

test("a click reaches WhatsApp when storage throws, and one page has one reference", async (t) => {
  const person = await visitor(t, browser);
  await person.context.addInitScript(() => {
    for (const store of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, store, { get: () => { throw new DOMException("blocked", "SecurityError"); } });
    }
  });
  const tab = await open(t, person, shopPage(aurix), { path: "/?utm_source=google" });
  const first = await clicked(person, () => button(tab).click());
  const second = await clicked(person, () => button(tab).click());
  assert.equal(first.reference, second.reference);
  const [click] = await aurix.attribution(first.reference);
  assert.deepEqual(click.parsed_params, { utm_source: "google" });
  assert.deepEqual(person.complaints, []);
});

test("the same in a browser that forbids sites to store anything", async (t) => {
  const person = await visitorWithoutStorage(t);
  const tab = await open(t, person, shopPage(aurix), { path: "/?utm_source=google" });
  const blocked = await tab.evaluate(() => {
    try {
      return !localStorage;
    } catch {
      return true;
    }
  });
  assert.ok(blocked, "this Chromium does not block storage, so the test says nothing");
  const chat = await clicked(person, () => button(tab).click());
  assert.equal((await aurix.attribution(chat.reference)).length, 1);
  assert.deepEqual(person.complaints, []);
});

test("what others left in our storage is replaced", async (t) => {
  const person = await visitor(t, browser);
  await person.context.addInitScript(() => {
    localStorage.setItem("aurix.device", `"<script>"`);
    localStorage.setItem("aurix.visit", `{"url":7}`);
  });
  const tab = await open(t, person, shopPage(aurix));
  const chat = await clicked(person, () => button(tab).click());
  const [click] = await aurix.attribution(chat.reference);
  assert.match(click.device_id, /^[0-9a-f]{8}-/);
  assert.equal(click.first_raw_url, tab.url());
});

test("data-storage=none stores nothing", async (t) => {
  const person = await visitor(t, browser);
  const tab = await open(t, person, shopPage(aurix, { attributes: `data-storage="none"` }));
  await clicked(person, () => button(tab).click());
  assert.equal(await tab.evaluate(() => localStorage.length + sessionStorage.length), 0);
});

test("loaded twice it draws one button, for two widgets two", async (t) => {
  const person = await visitor(t, browser);
  const tag = (id, more = "") => `<script src="${aurix.url}/widget.js" data-widget="${id}" ${more}></script>`;
  const { main, second } = aurix.widgets;
  const twice = await open(t, person, shopPage(aurix, { body: tag(main) + tag(main) }));
  await twice.waitForLoadState();
  assert.equal(await button(twice).count(), 1);
  const both = await open(t, person, shopPage(aurix, { body: tag(second, `data-position="left"`) }));
  await both.waitForLoadState();
  assert.equal(await button(both).count(), 2);
  const addresses = await button(both).evaluateAll((links) => links.map((link) => new URL(link.href).pathname));
  assert.deepEqual(addresses.sort(), [`/c/${main}`, `/c/${second}`].sort());
});

test("as a module, and with the id in the address, it still finds itself", async (t) => {
  const person = await visitor(t, browser);
  const tagged = `<script type="text/plain" src="${aurix.url}/widget.js" data-widget="${aurix.widgets.main}"></script>`;
  const classic = `<body><script async src="${aurix.url}/widget.js?widget=${aurix.widgets.main}"></script>`;
  const byAddress = await open(t, person, classic);
  await button(byAddress).waitFor();
  const script = await (await fetch(`${aurix.url}/widget.js`)).text();
  const inModule = await open(t, person, `<body>${tagged}<script type="module">${script}</script>`);
  await button(inModule).waitFor();
  assert.deepEqual(person.complaints, []);
});

test("a tag without an id, or with one that is not ours, breaks nothing", async (t) => {
  const person = await visitor(t, browser);
  const page = `<body><h1>Shop</h1><script src="${aurix.url}/widget.js"></script><p id="end">end</p>`;
  const tab = await open(t, person, page);
  await tab.locator("#end").waitFor();
  assert.equal(await button(tab).count(), 0);
  assert.deepEqual(person.complaints, []);
});
