// What is live on the console: over many tabs, a connection that drops, and a server that starts anew.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBusiness } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { signInOn } from "./support/console.mjs";
import { startCrm } from "./support/crm.mjs";
import { startProxy } from "./support/proxy.mjs";
import { openTab } from "./support/tabs.mjs";
import { until } from "./support/until.mjs";
import { click } from "./support/visitors.mjs";

const TABS = 8;

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

/** Somebody who is signed in over a connection that can be bad, with a webhook that gets clicks. */
async function arrive(t) {
  const crm = await startCrm(t);
  const { id } = await business.command(["webhook", "add", "--project", business.project, "--url", crm.url, "--event", "widget.click"]);
  t.after(() => business.command(["webhook", "remove", id]));
  const proxy = await startProxy(t, business.url);
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await person.newPage();
  await signInOn(page, proxy.url);
  return { crm, proxy, person, page, log: `${proxy.url}/p/${business.project}/integrations/log?webhook=${id}` };
}

test("with eight tabs open, each is live when it is looked at, and a ninth opens", async (t) => {
  const { proxy, person, page, log } = await arrive(t);
  await page.close();
  const cookies = await person.context.cookies();
  const tabs = [];
  for (let number = 0; number < TABS; number++) tabs.push(await openTab(browser, log, cookies));
  t.after(() => Promise.all(tabs.map((tab) => tab.close())));
  for (const tab of tabs) await until("the log", async () => (await tab.text()).includes("Every delivery over all webhooks"));
  await tabs[0].bringToFront();
  await until("one stream", () => proxy.streams() === 1);
  for (const tab of tabs.slice(1)) assert.ok(await tab.isHidden());

  await click(business);
  for (const tab of tabs) {
    await tab.bringToFront();
    await until("the announcement", async () => (await tab.text()).includes("Show 1 new"));
    await until("one stream", () => proxy.streams() === 1);
  }
  assert.equal(proxy.requests.filter((request) => request.includes("/integrations/log?")).length, TABS, "no page was loaded again");

  const ninth = await openTab(browser, log, cookies);
  tabs.push(ninth);
  await ninth.bringToFront();
  await until("the ninth page", async () => (await ninth.text()).includes("1 delivery"));
});

test("what happens while the connection is gone is announced once it is back, once", async (t) => {
  const { proxy, page, log } = await arrive(t);
  await page.goto(log);
  await until("a stream", () => proxy.streams() === 1);
  await click(business);
  await page.getByText("Show 1 new").waitFor();
  proxy.refuse();
  await until("no stream", () => proxy.streams() === 0);
  await click(business);
  await click(business);
  proxy.accept();
  await page.getByText("Show 3 new").waitFor();
  await click(business);
  await page.getByRole("link", { name: "Show 4 new" }).click();
  await page.getByText("4 deliveries").waitFor();
  const references = await page.getByRole("main").getByRole("link", { name: /^O-/ }).allInnerTexts();
  assert.equal(new Set(references).size, 4, references.join(" "));
});

test("an open page is live again after the server was started anew", async (t) => {
  const { page, log } = await arrive(t);
  await page.goto(log);
  await click(business);
  await page.getByText("Show 1 new").waitFor();
  await business.restart();
  await click(business);
  await page.getByText("Show 2 new").waitFor();
});
