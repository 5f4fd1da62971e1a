// A click on a page of another origin reaches WhatsApp with a reference, in every way a person can click.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer, WHATSAPP_NUMBER } from "./support/aurix.mjs";
import { hosts, launch, clicked, visitor } from "./support/browser.mjs";
import { button, shopPage, startSite } from "./support/site.mjs";

let aurix;
let browser;
before(async () => ([aurix, browser] = await Promise.all([startServer(), launch()])));
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

/** A visitor on a page of the shop. */
async function arrive(t, { path = "/", options, headers, ...page } = {}) {
  const site = await startSite(t, () => shopPage(aurix, page), headers);
  const person = await visitor(t, browser, options);
  const tab = await person.newPage();
  await tab.goto(site + path);
  return { person, tab, site };
}

test("a click opens WhatsApp in a new window, with the prefilled text and the reference", async (t) => {
  const { person, tab } = await arrive(t);
  const [opened, chat] = await Promise.all([
    person.context.waitForEvent("page"),
    clicked(person, () => button(tab).click()),
  ]);
  assert.equal(chat.number, WHATSAPP_NUMBER);
  assert.match(
    chat.text,
    /Reference: O-[0-9A-Za-z]{7} \(Please send this reference number so that we can help you faster\)$/,
  );
  assert.notEqual(opened, tab);
  const [click] = await aurix.attribution(chat.reference);
  assert.equal(click.click_url, tab.url());
  assert.deepEqual(person.complaints, []);
});

test("only Aurix and WhatsApp are requested, and no cookie is set", async (t) => {
  const { person, tab, site } = await arrive(t);
  await clicked(person, () => button(tab).click());
  assert.deepEqual(hosts(person.requests), [new URL(site).host, new URL(aurix.url).host, "wa.me"].sort());
  assert.deepEqual(await person.context.cookies(), []);
});

test("the keyboard can click the button", async (t) => {
  const { person, tab } = await arrive(t);
  await button(tab).waitFor();
  const onButton = () => tab.evaluate(() => document.activeElement?.localName === "aurix-widget");
  for (let tabs = 0; tabs < 10 && !(await onButton()); tabs++) await tab.keyboard.press("Tab");
  assert.ok(await onButton(), "Tab does not reach the button");
  const chat = await clicked(person, () => tab.keyboard.press("Enter"));
  assert.equal((await aurix.attribution(chat.reference)).length, 1);
});

test("a middle click has the same data", async (t) => {
  const { tab } = await arrive(t, { path: "/?utm_source=google" });
  await button(tab).click({ button: "middle" });
  // A background tab may request its page before the driver sees it, so the server is asked.
  const click = await aurix.clickOn(tab.url());
  assert.equal(click.first_raw_url, tab.url());
  assert.deepEqual(click.parsed_params, { utm_source: "google" });
});

test("without JavaScript the plain link works", async (t) => {
  const { person, tab } = await arrive(t, { options: { javaScriptEnabled: false } });
  const chat = await clicked(person, () => tab.locator("#plain").click());
  const [click] = await aurix.attribution(chat.reference);
  assert.equal(click.first_raw_url, null);
});

test("a site's own link and its own button open the chat, without the floating button", async (t) => {
  const own = `<a data-aurix-open href="${aurix.url}/c/${aurix.widgets.main}">Ask</a><button data-aurix-open><b>Write</b></button>`;
  const { person, tab } = await arrive(t, { body: own, attributes: `data-button="none"`, path: "/?gclid=abc" });
  await tab.waitForFunction(() => window.Aurix);
  assert.equal(await button(tab).count(), 0);
  for (const element of ["a[data-aurix-open]", "button b"]) {
    const chat = await clicked(person, () => tab.locator(element).click());
    const [click] = await aurix.attribution(chat.reference);
    assert.equal(click.first_raw_url, tab.url(), element);
  }
  assert.deepEqual(person.complaints, []);
});

test("a site can set the label, the side, the colour and the window", async (t) => {
  const attributes = `data-label="اسألنا" data-position="left" data-color="rebeccapurple" data-target="_self"`;
  const { person, tab } = await arrive(t, { attributes, head: "<style>html{direction:rtl}</style>" });
  assert.equal(await button(tab).getAttribute("aria-label"), "اسألنا");
  assert.equal((await button(tab).innerText()).trim(), "اسألنا");
  const box = await button(tab).boundingBox();
  assert.equal(box.x, 20);
  const background = await button(tab).evaluate((link) => getComputedStyle(link).backgroundColor);
  assert.equal(background, "rgb(102, 51, 153)");
  await clicked(person, () => button(tab).click());
  assert.equal(person.context.pages().length, 1);
});

test("a single-page site records a click without leaving the page", async (t) => {
  const { person, tab } = await arrive(t, { path: "/?utm_source=bing" });
  await button(tab).waitFor();
  const response = await tab.evaluate(() => window.Aurix.click());
  assert.deepEqual(Object.keys(response).sort(), ["correlation_id", "redirect_url"]);
  assert.match(new URL(response.redirect_url).searchParams.get("text"), new RegExp(response.correlation_id));
  const [click] = await aurix.attribution(response.correlation_id);
  assert.deepEqual(click.parsed_params, { utm_source: "bing" });
  const chat = await clicked(person, () => tab.evaluate(() => window.Aurix.open()));
  assert.equal(chat.reference, response.correlation_id);
});

test("the device is kept from the press on, and with data-storage=press the visit too", async (t) => {
  const kept = (tab) => tab.evaluate(() => Object.keys(localStorage).sort());
  const usual = await arrive(t);
  await button(usual.tab).waitFor();
  assert.deepEqual(await kept(usual.tab), ["aurix.visit"]);
  const { person, tab } = await arrive(t, { attributes: `data-storage="press"` });
  await button(tab).waitFor();
  await tab.getByRole("link", { name: "Second" }).focus();
  assert.deepEqual(await kept(tab), []);
  await clicked(person, () => button(tab).click());
  assert.deepEqual(await kept(tab), ["aurix.device", "aurix.visit"]);
});
