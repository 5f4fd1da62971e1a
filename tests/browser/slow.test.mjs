// The console over a slow line: it comes up, it is used, and what is pressed twice happens once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBusiness } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { signInOn } from "./support/console.mjs";
import { startProxy } from "./support/proxy.mjs";
import { until } from "./support/until.mjs";

/** What browsers call slow 3G. */
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const REPLY = "We do. Come by at five.";

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

test("over slow 3G, signing in, the log and a reply work, and a double click sends once", async (t) => {
  await business.person({ name: "Arjun Rao", waId: "6591110002" }).asks("Do you mend bells?");
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await person.newPage();
  const network = await person.context.newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", SLOW_3G);
  await signInOn(page, business.url);
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByRole("heading", { name: "Nothing was sent yet" }).waitFor();

  await page.getByRole("link", { name: "Leads", exact: true }).click();
  await page.getByRole("link", { name: "Arjun Rao" }).click();
  await page.getByLabel("Reply to Arjun Rao").fill(REPLY);
  await page.getByRole("button", { name: "Send" }).dblclick();
  await page.getByRole("log").getByText(REPLY).waitFor();
  await until("the reply", () => business.whatsapp.texts.includes(REPLY));
  // Another conversation's reply comes behind whatever the second press may have sent.
  await business.person({ name: "Priya Nair", waId: "6591110003" }).asks("Hello");
  assert.equal(business.whatsapp.texts.filter((text) => text === REPLY).length, 1);
  assert.equal(await page.getByText("answered while you were writing").count(), 0);

  assert.deepEqual(person.complaints, []);
});

test("what is pressed again while the response is on its way is done once", async (t) => {
  await business.person({ name: "Noor Aziz", waId: "6591110004" }).asks("Hello");
  const proxy = await startProxy(t, business.url);
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await person.newPage();
  await signInOn(page, proxy.url);
  await page.getByRole("link", { name: "Leads", exact: true }).click();
  await page.getByRole("link", { name: "Noor Aziz" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("Rings at five.");
  // By the mouse: a press by name waits for the page that is on its way.
  const { x, y } = await page.getByRole("button", { name: "Add note" }).boundingBox();
  const press = () => page.mouse.click(x + 4, y + 4);
  proxy.hold();
  await press();
  await until("the note's request", () => proxy.requests.some((request) => /^POST .*\/note$/.test(request)));
  await press();
  proxy.release();
  const notes = page.getByRole("listitem").filter({ hasText: "Rings at five." });
  await notes.first().waitFor();
  await page.reload();
  assert.equal(await notes.count(), 1);
  assert.equal(proxy.requests.filter((request) => request.endsWith("/note")).length, 1);
});
