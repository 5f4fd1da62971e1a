// A later click has the first touch of the visit.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "./support/aurix.mjs";
import { launch, clicked, visitor } from "./support/browser.mjs";
import { button, shopPage, startSite } from "./support/site.mjs";

const AD = "/landing?utm_source=google&utm_campaign=spring%20sale&gclid=Cj0KCQ";
const AD_PARAMS = { utm_source: "google", utm_campaign: "spring sale", gclid: "Cj0KCQ" };

let aurix;
let browser;
before(async () => ([aurix, browser] = await Promise.all([startServer(), launch()])));
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

async function arrive(t, path) {
  const site = await startSite(t, () => shopPage(aurix));
  const person = await visitor(t, browser);
  const tab = await person.newPage();
  await tab.goto(site + path);
  await button(tab).waitFor();
  return { person, tab, site };
}

async function clickButton(person, tab) {
  const chat = await clicked(person, () => button(tab).click());
  const [click] = await aurix.attribution(chat.reference); // newest first
  return { ...click, reference: chat.reference };
}

test("a click two pages later has the landing page's parameters", async (t) => {
  const { person, tab, site } = await arrive(t, AD);
  await tab.getByRole("link", { name: "Second" }).click();
  await tab.getByRole("link", { name: "Third" }).click();
  await tab.waitForURL(`${site}/third`);
  const click = await clickButton(person, tab);
  assert.equal(click.click_url, `${site}/third`);
  assert.equal(click.first_raw_url, site + AD);
  assert.deepEqual(click.parsed_params, AD_PARAMS);
});

test("a click in a tab that the landing page opened has them too", async (t) => {
  const { person, tab, site } = await arrive(t, AD);
  const [other] = await Promise.all([
    person.context.waitForEvent("page"),
    tab.getByRole("link", { name: "Tab" }).click(),
  ]);
  const click = await clickButton(person, other);
  assert.equal(click.first_raw_url, site + AD);
  assert.deepEqual(click.parsed_params, AD_PARAMS);
});

test("in a single-page site, the click's page is the one that is shown", async (t) => {
  const { person, tab, site } = await arrive(t, AD);
  await tab.evaluate(() => history.pushState(null, "", "/bikes/7?colour=red#reviews"));
  const click = await clickButton(person, tab);
  assert.equal(click.click_url, `${site}/bikes/7?colour=red#reviews`);
  assert.equal(click.first_raw_url, site + AD);
  assert.deepEqual(click.parsed_params, AD_PARAMS);
});

test("another campaign's link begins a new visit; the device and its reference stay", async (t) => {
  const { person, tab, site } = await arrive(t, AD);
  const first = await clickButton(person, tab);
  await tab.goto(`${site}/?utm_source=newsletter`);
  const second = await clickButton(person, tab);
  assert.equal(second.first_raw_url, `${site}/?utm_source=newsletter`);
  assert.deepEqual(second.parsed_params, { utm_source: "newsletter" });
  assert.equal(second.device_id, first.device_id);
  assert.equal(second.reference, first.reference);
});

test("a visit survives a pause of 29 minutes, not one of 31", async (t) => {
  const site = await startSite(t, () => shopPage(aurix));
  const person = await visitor(t, browser);
  const tab = await person.newPage();
  const start = Date.now();
  await tab.clock.install({ time: start });
  const open = async (path, minutes) => {
    await tab.goto("about:blank"); // the pause begins when the site is left
    await tab.clock.setSystemTime(start + minutes * 60_000);
    await tab.goto(site + path);
    return clickButton(person, tab);
  };
  await open(AD, 0);
  assert.equal((await open("/second", 29)).first_raw_url, site + AD);
  assert.equal((await open("/third", 29 + 31)).first_raw_url, `${site}/third`);
});

test("two people get two references", async (t) => {
  const one = await arrive(t, AD);
  const other = await arrive(t, AD);
  const [first, second] = [await clickButton(one.person, one.tab), await clickButton(other.person, other.tab)];
  assert.notEqual(first.device_id, second.device_id);
  assert.notEqual(first.reference, second.reference);
});

test("a long URL is shortened and keeps its campaign parameters", async (t) => {
  const { person, tab, site } = await arrive(t, `/?junk=${"%E4%B8%AD".repeat(700)}&utm_source=google&gclid=last`);
  const chat = await clicked(person, () => button(tab).click());
  const query = new URL(chat.click).search;
  assert.ok(query.length < 4096, `${query.length} characters`);
  const [click] = await aurix.attribution(chat.reference);
  assert.equal(click.first_raw_url, `${site}/?utm_source=google&gclid=last`);
  assert.deepEqual(click.parsed_params, { utm_source: "google", gclid: "last" });
});
