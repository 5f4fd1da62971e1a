// Finding one's way: the command menu, keys, and saved views.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { converse } from "./support/playground.mjs";

let demo;
let browser;
before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
  await converse(browser, demo.url);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A person on a page of the demo's project. */
async function open(t, link) {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  const page = await person.newPage();
  await page.goto(demo.url + "/projects");
  await page.getByRole("link", { name: "Aurix demo" }).click();
  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: link }).click();
  await page.getByRole("heading", { name: link, level: 1 }).waitFor();
  return { person, page };
}

test("the command menu goes to pages, commands and people by keyboard alone", async (t) => {
  const { person, page } = await open(t, "Leads");
  const name = await page.locator("main tbody th a").first().textContent();
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Go to a page or a person" });
  const menu = page.getByRole("listbox", { name: "Pages and people" });
  await field.pressSequentially("add web");
  await menu.getByRole("option", { name: "Add Webhook" }).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Add Webhook" }).waitFor();
  await page.keyboard.press("Control+k");
  await field.pressSequentially(name.slice(0, 4));
  await menu.getByRole("option", { name }).waitFor();
  assert.equal(await menu.getByRole("option").first().getAttribute("aria-selected"), "true");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  await page.getByRole("button", { name: "Search Ctrl K" }).click();
  await field.pressSequentially("zzzz");
  await page.getByText("Nothing found.").waitFor();
  await page.keyboard.press("Escape");
  await field.waitFor({ state: "hidden" });
  assert.deepEqual(person.complaints, []);
});

test("keys go through a list and what it leads to, never while somebody types", async (t) => {
  const { person, page } = await open(t, "Leads");
  const links = page.locator("main tbody th a");
  await page.keyboard.press("j");
  assert.equal(await links.first().evaluate((link) => link === document.activeElement), true);
  await page.keyboard.press("/");
  const search = page.getByRole("searchbox", { name: "Search leads" });
  await page.keyboard.type("jk?");
  assert.equal(await search.inputValue(), "jk?");
  await search.fill("");
  await search.blur();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Conversation" }).or(page.getByRole("log")).first().waitFor();
  await page.keyboard.press("r");
  const reply = page.getByRole("textbox", { name: /^Reply to/ });
  await page.keyboard.type("t?");
  assert.equal(await reply.inputValue(), "t?");
  await reply.fill("");
  await reply.blur();
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await keys.waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "detached" });
  await page.keyboard.press("t");
  await page.getByText("With you").or(page.getByRole("button", { name: "Give back" })).first().waitFor();
  await page.getByRole("button", { name: "Give back" }).click();
  await page.getByRole("button", { name: "Take over" }).waitFor();
  assert.deepEqual(person.complaints, []);
});

test("keys that are turned off do nothing", async (t) => {
  const { page } = await open(t, "Leads");
  const set = async (on) => {
    const leads = page.url();
    await page.goto(demo.url + "/account");
    await page.getByRole("checkbox", { name: /keys/i }).setChecked(on);
    await page.getByRole("main").getByRole("button", { name: "Save" }).first().click();
    await page.waitForLoadState();
    await page.goto(leads);
  };
  await set(false);
  await page.keyboard.press("j");
  assert.equal(await page.locator("main tbody th a").first().evaluate((link) => link === document.activeElement), false);
  await set(true);
  await page.keyboard.press("j");
  assert.equal(await page.locator("main tbody th a").first().evaluate((link) => link === document.activeElement), true);
});

test("a filter is kept under a name, opened by it and removed", async (t) => {
  const { person, page } = await open(t, "Log");
  await page.getByRole("combobox", { name: "State" }).selectOption("Delivered");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await page.getByText("Save view").click();
  await page.getByRole("textbox", { name: "Name" }).fill("Arrived");
  await page.getByRole("checkbox", { name: "For everybody in this project" }).check();
  assert.deepEqual(await axeFindings(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("link", { name: "Clear" }).click();
  await page.getByRole("navigation", { name: "Saved views" }).getByRole("link", { name: "Arrived" }).click();
  assert.equal(new URL(page.url()).search, "?state=delivered");
  await page.getByRole("button", { name: "Remove view" }).click();
  await page.getByRole("heading", { name: "Log" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Arrived" }).count(), 0);
  assert.deepEqual(person.complaints, []);
});
