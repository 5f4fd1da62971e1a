// The chat's panel where the server has none for the page: it says so in the visitor's language, shows the way that there is, and asks no
// more; and where the server only cannot be reached, it asks again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startChat } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { panelOf } from "./support/panel.mjs";
import { startProxy } from "./support/proxy.mjs";
import { shopPage, startSite } from "./support/site.mjs";
import { until } from "./support/until.mjs";

let aurix;
let browser;
let restricted;
before(async () => {
  [aurix, browser] = await Promise.all([startChat(), launch()]);
  const words = ["widget", "create", "--project", aurix.project, "--channel", aurix.channel, "--origin", "https://juniper.example"];
  restricted = (await aurix.command(words)).widget_id;
});
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

/** A visitor on a page of a shop in a language, whose connection to the server is counted and can be cut. */
async function arrive(t, { widget, language = "en" }) {
  const proxy = await startProxy(t, aurix.url);
  const page = () => shopPage({ ...aurix, url: proxy.url }, { attributes: "data-chat", widget }).replace('lang="en"', `lang="${language}"`);
  const site = await startSite(t, page);
  const person = await visitor(t, browser);
  const tab = await person.newPage();
  // What the panel waits is over at once.
  await tab.clock.install();
  await tab.goto(site);
  const opens = () => proxy.requests.filter((one) => one === `POST /chat/${widget}`).length;
  return { person, tab, proxy, opens, chat: panelOf(tab) };
}

/** Presses the button, and waits for what the panel then says. */
async function says(chat, text) {
  await chat.button.click();
  await until(text, async () => (await chat.panel.locator(".state").textContent()).startsWith(text));
}

for (const [language, text, way, close, name] of [
  ["en-GB", "The chat does not work on this page.", "Open it on its own page", "Close the chat", "Chat"],
  ["de", "Der Chat funktioniert auf dieser Seite nicht.", "Auf seiner eigenen Seite öffnen", "Chat schließen", "Chat"],
  ["ar", "المحادثة لا تعمل في هذه الصفحة.", "فتحها في صفحة مستقلة", "إغلاق المحادثة", "محادثة"],
])
  test(`a site that is not on the widget's list leads to the chat's own page, ${language}`, async (t) => {
    const { person, tab, chat, opens } = await arrive(t, { widget: restricted, language });
    await says(chat, text);
    assert.equal(await chat.panel.evaluate((panel) => panel.lang), language.slice(0, 2));
    assert.equal(await chat.panel.evaluate((panel) => panel.dir), language === "ar" ? "rtl" : "ltr");
    assert.equal(await chat.field.isVisible(), false, "nothing can be written");
    assert.equal(await chat.panel.getByRole("button", { name: close }).count(), 1);
    assert.equal(await chat.panel.locator("h2").textContent(), name);
    const link = chat.panel.getByRole("link", { name: way });
    assert.ok(await link.evaluate((link) => link.getRootNode().activeElement === link), "the link has the focus");
    // The shop's own page has no landmarks.
    assert.deepEqual((await axeFindings(tab.mainFrame())).filter((one) => one.includes("aurix-chat")), []);
    // It asked once, and asks no more.
    await tab.clock.runFor(120_000);
    assert.equal(opens(), 1);
    const opened = person.context.waitForEvent("page");
    await link.click();
    const own = panelOf(await opened);
    await own.panel.locator(".note").waitFor();
    await own.says("hello");
    await own.has(3);
  });

test("a widget that is not there any more says so, without a link that leads nowhere", async (t) => {
  const { tab, chat, opens } = await arrive(t, { widget: "w_00000000000000000000" });
  await says(chat, "The chat does not work on this page.");
  assert.equal(await chat.panel.getByRole("link").count(), 0);
  await tab.clock.runFor(120_000);
  assert.equal(opens(), 1);
  // Escape still closes it.
  await tab.keyboard.press("Escape");
  assert.equal(await chat.panel.isVisible(), false);
});

test("a server that cannot be reached is asked again, in the visitor's language, until the chat is open", async (t) => {
  const { tab, proxy, chat } = await arrive(t, { widget: aurix.widget, language: "de" });
  await tab.evaluate(() => import(document.querySelector("script").src.replace("widget.js", "chat.js")));
  proxy.refuse();
  await says(chat, "Verbindung wird hergestellt …");
  assert.ok(await chat.field.isVisible());
  proxy.accept();
  await tab.clock.runFor(60_000);
  await chat.panel.locator(".note").waitFor();
  assert.match((await chat.texts())[0], /Wie können wir helfen/);
});

test("a site that is taken off the list while its chat is open is told, too", async (t) => {
  const made = ["widget", "create", "--project", aurix.project, "--channel", aurix.channel];
  const { widget_id: widget } = await aurix.command(made);
  const { proxy, chat } = await arrive(t, { widget });
  await chat.open();
  await chat.says("hello");
  await chat.has(3);
  const { token } = await aurix.command(["token", "create", "--project", aurix.project, "--name", "A program", "--scope", "admin"]);
  const changed = await fetch(`${aurix.url}/api/v1/projects/${aurix.project}/widgets/${widget}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ origins: ["https://juniper.example"] }),
  });
  assert.equal(changed.status, 200);
  const asked = () => fetch(`${aurix.url}/chat/${widget}/unread`, { headers: { origin: "http://shop.test" } });
  await until("the list that is in force", async () => (await asked()).status === 403);
  proxy.refuse();
  proxy.accept();
  await until("what the panel says", async () => (await chat.panel.locator(".state").textContent()).startsWith("The chat does not work"));
  assert.equal(await chat.field.isVisible(), false);
  await chat.sees("hello");
});
