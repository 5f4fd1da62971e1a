// The console as a person with a browser goes through it: signing in, the size of every page, and what works by keyboard alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFresh } from "./support/aurix.mjs";
import { visitor } from "./support/browser.mjs";
import { strictPage } from "./support/console.mjs";
import { unreachedByTab } from "./support/keyboard.mjs";
import { startShown } from "./support/shown.mjs";
import { weigh } from "./support/weight.mjs";

const PAGE_BYTES_MAX = 150 * 1024;
const NODES_MAX = 3_000;
const SHIFT_MAX = 0.02;
const PASSWORD = "correct horse battery";

let shown;
let demo;
let browser;
let pages;
before(async () => {
  shown = await startShown();
  ({ demo, browser, pages } = shown);
});
after(() => shown?.stop());

test("pages are light, hold still, and break no rule of their policy", async (t) => {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const found = [];
  for (const { path } of pages) {
    const { bytes, nodes, shift, refused } = await weigh(person, demo.url + path);
    if (bytes > PAGE_BYTES_MAX) found.push(`${path}: ${bytes} bytes`);
    if (nodes > NODES_MAX) found.push(`${path}: ${nodes} nodes`);
    if (shift > SHIFT_MAX) found.push(`${path}: shifts by ${shift}`);
    if (refused.length > 0) found.push(`${path}: refused ${refused}`);
  }
  assert.deepEqual(found, []);
  assert.deepEqual(person.complaints, []);
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
  const found = [];
  for (const { path } of pages) {
    await page.goto(demo.url + path);
    for (const unreached of await unreachedByTab(page)) found.push(`${path}: ${unreached}`);
  }
  assert.deepEqual(found, []);
});

for (const width of [1440, 390]) {
  test(`a row is opened by a press anywhere in it, ${width} px`, async (t) => {
    const person = await visitor(t, browser, { viewport: { width, height: 900 } });
    const page = await person.newPage();
    await page.goto(demo.url + pages.find(({ name }) => name === "leads").path);
    const { x, y, width: wide, height } = await page.getByRole("row").last().boundingBox();
    await page.mouse.click(x + wide - 4, y + height - 4);
    await page.getByRole("region", { name: "Conversation" }).waitFor();
  });
}

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
  await page.getByRole("link", { name: "Lead form" }).first().click();
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
