// The console as a person with a browser goes through it: signing in, every page by axe, its size, and what works by keyboard alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo, startFresh } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { consolePages, needAttention } from "./support/console.mjs";
import { converse } from "./support/playground.mjs";

const PAGE_BYTES_MAX = 150 * 1024;
const NODES_MAX = 3_000;
const SHIFT_MAX = 0.02;
const PASSWORD = "correct horse battery";

let demo;
let browser;
let pages;
before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  await converse(browser, demo.url);
  await needAttention(browser, demo.url);
  pages = await consolePages(browser, demo.url);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A page that counts what its policy refuses. */
async function strictPage(person) {
  const page = await person.newPage();
  await page.addInitScript(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
  });
  return page;
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1440, 768, 390]) {
    test(`axe finds nothing on any page, ${width} px, ${colorScheme}`, async (t) => {
      const person = await visitor(t, browser, { viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce" });
      const page = await strictPage(person);
      const found = [];
      for (const { path } of pages) {
        const response = await page.goto(demo.url + path);
        assert.equal(response.status(), 200, path);
        for (const finding of await axeFindings(page)) found.push(`${path}: ${finding}`);
        for (const refused of await page.evaluate(() => window.refused)) found.push(`${path}: refused ${refused}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${path}: ${wide} px too wide`);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(person.complaints, []);
    });
  }
}

test("pages are light and hold still", async (t) => {
  const found = [];
  for (const { path } of pages) {
    const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
    const page = await person.newPage();
    const network = await person.context.newCDPSession(page);
    let bytes = 0;
    await network.send("Network.enable");
    network.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    // Pages with a stream never fall silent.
    await page.goto(demo.url + path);
    await page.evaluate(() => document.fonts.ready);
    const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
    const shift = await page.evaluate(() => window.shift);
    if (bytes > PAGE_BYTES_MAX) found.push(`${path}: ${bytes} bytes`);
    if (nodes > NODES_MAX) found.push(`${path}: ${nodes} nodes`);
    if (shift > SHIFT_MAX) found.push(`${path}: shifts by ${shift}`);
    await person.context.close();
  }
  assert.deepEqual(found, []);
});

test("pages load nothing from other hosts", async (t) => {
  const person = await visitor(t, browser);
  const page = await person.newPage();
  for (const { path } of pages) await page.goto(demo.url + path);
  const foreign = person.requests.filter((url) => !url.startsWith(demo.url) && !url.startsWith("data:"));
  assert.deepEqual(foreign, []);
});

test("every control of a page is reached by the Tab key, in order", async (t) => {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await person.newPage();
  for (const { path } of pages) {
    await page.goto(demo.url + path);
    const unreached = await page.evaluate(() => {
      const selector = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], iframe";
      const isShown = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest("[popover]:not(:popover-open):not(nav)");
      return [...document.querySelectorAll(selector)].filter((node) => {
        if (!isShown(node) || node.disabled) return false;
        if (node.matches("[tabindex='-1']")) return !node.matches("[aria-hidden]");
        return node.tabIndex < 0;
      }).length;
    });
    assert.equal(unreached, 0, path);
  }
});

test("from the first run to a widget's tag, by names alone", async (t) => {
  const fresh = await startFresh();
  t.after(() => fresh.stop());
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await strictPage(person);
  await page.goto(fresh.firstRun);
  await page.getByLabel("Your name").fill("Mei Tan");
  await page.getByLabel("Email").fill("mei@example.com");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("link", { name: "New project" }).first().click();
  await page.getByLabel("Name").fill("Juniper Cycles");
  await page.getByLabel("Country").fill("SG");
  await page.getByLabel("Time zone").fill("Asia/Singapore");
  await page.getByRole("button", { name: "Create project" }).click();

  await page.getByRole("link", { name: "Channels" }).click();
  await page.getByRole("link", { name: "Add WhatsApp number" }).first().click();
  await page.getByLabel("App secret").fill("secret");
  await page.getByLabel("Phone number ID").fill("106540352242922");
  await page.getByLabel("Number", { exact: true }).fill("+65 8000 1234");
  await page.getByLabel("Access token").fill("token");
  await page.getByRole("button", { name: "Save and go on" }).click();
  await page.getByText("/channels/whatsapp/106540352242922/webhook").waitFor();

  await page.getByRole("link", { name: "Widgets" }).click();
  await page.getByRole("link", { name: "Add widget" }).first().click();
  await page.getByLabel("Name").fill("Workshop site");
  await page.getByLabel("Label").fill("Ask us");
  const button = page.frameLocator("#stage").getByRole("link", { name: "Ask us" });
  await button.waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Workshop site" }).waitFor();
  assert.match(await page.locator("#tag").textContent(), /data-widget="w_\w+" data-label="Ask us"/);
  assert.deepEqual(await page.evaluate(() => window.refused), []);
  assert.deepEqual(person.complaints, []);
});

test("signing in and setting up works with JavaScript off", async (t) => {
  const fresh = await startFresh();
  t.after(() => fresh.stop());
  const person = await visitor(t, browser, { javaScriptEnabled: false });
  const page = await person.newPage();
  await page.goto(fresh.firstRun);
  await page.getByLabel("Your name").fill("Mei Tan");
  await page.getByLabel("Email").fill("mei@example.com");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("link", { name: "New project" }).first().click();
  await page.getByLabel("Name").fill("Juniper Cycles");
  await page.getByLabel("Country").fill("SG");
  await page.getByRole("button", { name: "Create project" }).click();
  await page.getByRole("link", { name: "Lead form" }).click();
  await page.getByRole("button", { name: "Add field" }).click();
  await page.getByLabel("Key").last().fill("outlet");
  await page.getByLabel("Question").last().fill("Which outlet?");
  await page.getByRole("button", { name: "Move Outlet up" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Save" }).first().click();
  await page.getByText("Which outlet?").first().waitFor();
  await page.getByLabel("Your message").fill("I am Robin, robin@example.com");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("robin@example.com").first().waitFor();
});

test("a form is tried on the page while it is changed", async (t) => {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await strictPage(person);
  await page.goto(demo.url + pages.find(({ name }) => name === "form").path);
  await page.getByLabel("Your message").fill("Robin here, robin@example.com");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("definition").filter({ hasText: "robin@example.com" }).waitFor();
  await page.getByLabel("Your message").fill("a tune-up please");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log").getByText("a tune-up please").waitFor();
  assert.deepEqual(await page.evaluate(() => window.refused), []);
});
