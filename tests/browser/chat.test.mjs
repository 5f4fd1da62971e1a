// The chat on a page of another origin: from the press to the answer, under the policies that sites have, and over connections that break.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startChat } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { clicked, launch, visitor } from "./support/browser.mjs";
import { panelOf } from "./support/panel.mjs";
import { startProxy } from "./support/proxy.mjs";
import { shopPage, startSite } from "./support/site.mjs";
import { until } from "./support/until.mjs";

let aurix;
let browser;
before(async () => ([aurix, browser] = await Promise.all([startChat(), launch()])));
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

/** A visitor on a page of the shop, and the chat's panel there. `on` is what the page loads the button from. */
async function arrive(t, { path = "/", on = aurix, host, options, headers, attributes = "", ...page } = {}) {
  let site = await startSite(t, () => shopPage({ ...aurix, url: on.url }, { attributes: `data-chat ${attributes}`, ...page }), headers);
  if (host) site = site.replace(/\/\/[^:]+/, `//${host}`);
  const person = await visitor(t, browser, options);
  const tab = await person.newPage();
  await tab.goto(site + path);
  return { person, tab, site, chat: panelOf(tab) };
}

/** What the browser keeps for the site. */
const stored = (tab) =>
  tab.evaluate(() => ({ local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookie: document.cookie }));

test("a visitor asks in the panel, and the agent answers there", async (t) => {
  const { person, tab, chat } = await arrive(t, { path: "/?utm_source=google" });
  await chat.open();
  assert.match((await chat.texts())[0], /How can we help/);
  assert.match(await chat.panel.locator(".note").textContent(), /automated assistant/);
  assert.equal(await chat.panel.locator("h2").textContent(), "Juniper Table");
  assert.ok(await chat.field.evaluate((field) => field.getRootNode().activeElement === field), "the field has the focus");
  await chat.says("Do you have a table for four?");
  await chat.sees("Do you have a table for four?");
  await chat.has(3);
  await chat.says("Mei Tan, mei@example.com, +65 9123 4567");
  await chat.has(5);
  // Nothing is shown twice, and nothing waits.
  assert.equal((await chat.texts()).filter((text) => text.includes("mei@example.com")).length, 1);
  assert.equal(await chat.panel.locator(".waits").count(), 0);
  assert.deepEqual(person.complaints, []);
});

test("nothing is stored or asked for before the press, and with storage none nothing after it", async (t) => {
  const { person, tab, chat } = await arrive(t, { path: "/?gclid=abc" });
  await chat.button.waitFor();
  assert.deepEqual(await stored(tab), { local: [], session: [], cookie: "" });
  assert.ok(!person.requests.some((url) => /\/chat/.test(url)), "only the button is loaded");
  await chat.open();
  const { local, session, cookie } = await stored(tab);
  assert.deepEqual(local.sort(), [`aurix.chat.${aurix.widget}`, "aurix.device", "aurix.visit"]);
  assert.deepEqual([session, cookie, await person.context.cookies()], [[], "", []]);

  const none = await arrive(t, { attributes: `data-storage="none"` });
  await none.chat.open();
  await none.chat.says("hello");
  await none.chat.has(3);
  assert.deepEqual(await stored(none.tab), { local: [], session: [], cookie: "" });
});

test("the chat is there again on the next page, with what came meanwhile counted on the button", async (t) => {
  const { tab, chat } = await arrive(t);
  await chat.open();
  await chat.says("hello");
  // Away before the answer, which takes a second.
  await chat.sees("hello");
  await tab.getByRole("link", { name: "Second" }).click();
  await until("an answer that is counted", async () => {
    await tab.reload();
    return tab.locator("aurix-widget b").waitFor({ timeout: 1_000 }).then(() => true, () => false);
  });
  await chat.open();
  await chat.has(3);
  await chat.sees("hello");
  assert.equal(await tab.locator("aurix-widget b").count(), 0);
});

const STRICT = "default-src 'none'; style-src 'none'; img-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
for (const [name, policy, nonce] of [
  ["the two lines of the guide", (url) => `${STRICT}; script-src ${url}; connect-src ${url}`],
  ["a nonce", (url) => `${STRICT}; script-src 'nonce-abc'; connect-src ${url}`, "abc"],
  ["strict-dynamic", (url) => `${STRICT}; script-src 'nonce-abc' 'strict-dynamic'; connect-src ${url}`, "abc"],
])
  test(`it works under a policy with ${name}, and trusted types`, async (t) => {
    const headers = { "content-security-policy": policy(aurix.url) };
    const { person, chat } = await arrive(t, { headers, attributes: nonce ? `nonce="${nonce}"` : "" });
    await chat.open();
    await chat.says("see https://example.com/a?b=1. <b>bold</b>");
    await chat.has(3);
    assert.equal(await chat.panel.locator(".m.own a").getAttribute("href"), "https://example.com/a?b=1");
    assert.equal(await chat.panel.locator(".m b").count(), 0, "text is text");
    const styled = await chat.panel.evaluate((panel) => getComputedStyle(panel).position);
    assert.equal(styled, "fixed");
    assert.deepEqual(person.complaints, []);
  });

test("addresses of the web become links, and nothing else does", async (t) => {
  const { chat } = await arrive(t);
  await chat.open();
  await chat.says("javascript:alert(1) data:text/html,x http://a.example/x_(y) ftp://b.example https://");
  await chat.has(3);
  const links = await chat.panel.locator(".m.own a").evaluateAll((all) => all.map(({ href, rel, target }) => [href, rel, target]));
  assert.deepEqual(links, [["http://a.example/x_(y", "noopener nofollow", "_blank"]]);
});

test("nothing on the page moves", async (t) => {
  const { tab, chat } = await arrive(t, { body: "<p>Text</p>".repeat(50) });
  await tab.evaluate(() => {
    window.moved = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.moved += one.value))).observe({ type: "layout-shift", buffered: true });
  });
  await chat.open();
  await chat.says("hello");
  await chat.has(3);
  await chat.field.press("Escape");
  assert.equal(await tab.evaluate(() => window.moved), 0);
});

for (const scheme of ["light", "dark"])
  test(`axe finds nothing in the open panel, ${scheme}`, async (t) => {
    const { tab, chat } = await arrive(t, { options: { colorScheme: scheme, reducedMotion: "reduce" } });
    await chat.open();
    await chat.says("hello https://example.com");
    await chat.has(3);
    const findings = (await axeFindings(tab.mainFrame())).filter((one) => one.includes("aurix-"));
    assert.deepEqual(findings, []);
  });

test("words can be read on any accent", async (t) => {
  for (const color of ["#ffeb3b", "#777777", "#001133", "rebeccapurple"]) {
    const { tab, chat } = await arrive(t, { attributes: `data-color="${color}"`, options: { reducedMotion: "reduce" } });
    await chat.open();
    await chat.says("hello");
    await chat.has(3);
    const findings = (await axeFindings(tab.mainFrame())).filter((one) => one.startsWith("color-contrast") && one.includes("aurix-chat"));
    assert.deepEqual(findings, [], color);
  }
});

test("the site themes it by properties", async (t) => {
  const head = "<style>aurix-chat{--aurix-accent:rgb(120, 20, 60);--aurix-radius:2px;--aurix-font:monospace}</style>";
  const { chat } = await arrive(t, { head, attributes: `data-theme="dark"` });
  await chat.open();
  const looks = await chat.panel.evaluate((panel) => {
    const of = (node) => getComputedStyle(node);
    return [of(panel.querySelector("header")).backgroundColor, of(panel).borderTopLeftRadius, of(panel).fontFamily, of(panel).backgroundColor];
  });
  assert.deepEqual(looks, ["rgb(120, 20, 60)", "2px", "monospace", "rgb(23, 27, 25)"]);
});

test("Escape closes it and the focus goes back; the space bar opens it", async (t) => {
  const { tab, chat } = await arrive(t);
  await chat.button.focus();
  await tab.keyboard.press("Space");
  await chat.panel.locator(".note").waitFor();
  assert.equal(await chat.button.getAttribute("aria-expanded"), "true");
  await tab.keyboard.press("Escape");
  await chat.panel.waitFor({ state: "hidden" });
  assert.equal(await tab.evaluate(() => document.activeElement.localName), "aurix-widget");
  assert.equal(await chat.button.getAttribute("aria-expanded"), "false");
});

test("Shift and Enter break the line, and what is being composed is not sent", async (t) => {
  const { chat } = await arrive(t);
  await chat.open();
  await chat.field.pressSequentially("one");
  await chat.field.press("Shift+Enter");
  await chat.field.pressSequentially("two");
  await chat.field.dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true });
  assert.equal(await chat.field.inputValue(), "one\ntwo");
  await chat.field.press("Enter");
  await chat.sees("one\ntwo");
});

test("in Arabic it reads from the right", async (t) => {
  const site = await startSite(t, () => shopPage(aurix, { attributes: "data-chat" }).replace('lang="en"', 'lang="ar" dir="rtl"'));
  const person = await visitor(t, browser);
  const tab = await person.newPage();
  await tab.goto(site);
  const chat = panelOf(tab);
  await chat.open();
  assert.equal(await chat.panel.getAttribute("dir"), "rtl");
  assert.match((await chat.texts())[0], /مرحبًا/);
  const [closer, title] = await Promise.all([chat.panel.locator("header button").boundingBox(), chat.panel.locator("h2").boundingBox()]);
  assert.ok(closer.x < title.x, "the close button is at the left end");
});

test("a phone's screen is filled, and the panel is modal there", async (t) => {
  const head = '<meta name="viewport" content="width=device-width, initial-scale=1">';
  const { tab, chat } = await arrive(t, { head, options: { viewport: { width: 390, height: 720 }, hasTouch: true, isMobile: true } });
  await chat.open();
  const box = await chat.panel.boundingBox();
  const width = await tab.evaluate(() => visualViewport.width);
  assert.ok(Math.abs(box.width - width) < 1 && box.x === 0 && box.y === 0, JSON.stringify(box));
  assert.equal(await chat.panel.getAttribute("aria-modal"), "true");
  assert.ok((await chat.field.evaluate((field) => parseFloat(getComputedStyle(field).fontSize))) >= 16);
  const targets = await chat.panel.locator("button:visible").evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height)));
  assert.ok(targets.every((size) => size >= 44), String(targets));
  // The focus stays in it.
  for (let tabs = 0; tabs < 8; tabs++) await tab.keyboard.press("Tab");
  assert.equal(await tab.evaluate(() => document.activeElement.localName), "aurix-chat");
});

test("over connections that are cut, nothing is lost and nothing is there twice", async (t) => {
  const proxy = await startProxy(t, aurix.url);
  const { tab, chat } = await arrive(t, { on: proxy });
  await chat.open();
  const said = [];
  for (let nth = 0; nth < 8; nth++) {
    said.push(`message number ${nth}`);
    await chat.says(said.at(-1));
    proxy.refuse();
    await new Promise((resolve) => setTimeout(resolve, 150));
    proxy.accept();
    await tab.evaluate(() => dispatchEvent(new Event("online")));
  }
  await until("all that was said", async () => {
    const texts = await chat.texts();
    return said.every((text) => texts.filter((one) => one.endsWith(text)).length === 1);
  });
  await until("nothing that waits", async () => (await chat.panel.locator(".waits").count()) === 0);
  const before = await chat.texts();
  await tab.reload();
  await chat.open();
  await until("the same after loading the page again", async () => {
    const texts = await chat.texts();
    return texts.length >= before.length && said.every((text) => texts.filter((one) => one.endsWith(text)).length === 1);
  });
});

test("a server that starts again is found again", async (t) => {
  const { chat } = await arrive(t);
  await chat.open();
  await chat.says("before");
  await chat.has(3);
  const count = (await chat.texts()).length;
  await aurix.restart();
  await chat.says("after");
  await chat.has(count + 2);
  await chat.sees("before");
  await chat.sees("after");
});

test("where a proxy holds the stream back, the panel asks from time to time", async (t) => {
  const { person, tab, chat } = await arrive(t);
  await tab.route("**/events?*", () => {}); // never answered
  await chat.open();
  await chat.says("hello");
  await until("the answer", async () => (await chat.texts()).length >= 3);
  assert.ok(person.requests.some((url) => /messages\?after=\d+&wait=25/.test(url)));
});

test("two tabs of a visitor have one stream, and see the same", async (t) => {
  const proxy = await startProxy(t, aurix.url);
  const { person, site, chat } = await arrive(t, { on: proxy, host: "localhost" });
  const streams = () => proxy.requests.filter((one) => one.includes("/events")).length;
  await chat.open();
  await until("a stream", () => streams() === 1);
  const other = await person.newPage();
  await other.goto(site);
  const second = panelOf(other);
  await second.open();
  await second.says("from the second tab");
  await chat.sees("from the second tab");
  await chat.has(3);
  await second.has(3);
  assert.deepEqual(await chat.texts(), await second.texts());
  assert.equal(streams(), 1, "the second tab hears it from the first one");
  // Once the first one is gone, the second one listens.
  await chat.field.press("Escape");
  await until("another stream", () => streams() === 2);
  await second.says("still here");
  await second.has(5);
});

test("a file is refused in words", async (t) => {
  const { chat } = await arrive(t);
  await chat.open();
  await chat.field.evaluate((field) => {
    const data = new DataTransfer();
    data.items.add(new File(["x"], "x.png", { type: "image/png" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  assert.match(await chat.panel.locator(".hint").textContent(), /Files cannot be sent here/);
});

test("a link without a site opens the chat's own page", async (t) => {
  const person = await visitor(t, browser);
  const tab = await person.newPage();
  await tab.goto(`${aurix.url}/c/${aurix.widget}?click_url=${encodeURIComponent("https://shop.test/?utm_source=flyer")}`);
  assert.match(tab.url(), /\/chat\/w_\w+#O-[0-9A-Za-z]{7}$/);
  const chat = panelOf(tab);
  await chat.panel.locator(".note").waitFor();
  await chat.says("hello from the link");
  await chat.has(3);
  assert.deepEqual(person.complaints, []);
  assert.deepEqual(await axeFindings(tab.mainFrame()), []);
});

test("a tag whose widget opens something else by now follows its link", async (t) => {
  const { channel_id: bot } = await aurix.command([
    ...["channel", "add", "whatsapp", "--project", aurix.project, "--phone-number-id", "99", "--number", "+6580001234"],
    ...["--access-token", "t", "--app-secret", "s", "--verify-token", "v"],
  ]);
  const { widget_id: other } = await aurix.command(["widget", "create", "--project", aurix.project, "--channel", bot]);
  const { person, chat } = await arrive(t, { widget: other });
  const { number } = await clicked(person, () => chat.button.click());
  assert.equal(number, "6580001234");
});
