// What is downloaded is what the screen shows: the same rows in the same order, under the same filter.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBusiness } from "./support/aurix.mjs";
import { launch } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";
import { startCrm } from "./support/crm.mjs";
import { csvRows } from "./support/csv.mjs";
import { until } from "./support/until.mjs";
import { clickMany } from "./support/visitors.mjs";

/** More than a page has. */
const MANY = 53;

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

/** The cells of every row of a list, page by page. */
async function rowsOfAllPages(page, older) {
  const rows = [];
  for (;;) {
    const shown = await page.getByRole("row").evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
    rows.push(...shown.slice(1));
    const next = page.getByRole("link", { name: older, exact: true });
    if ((await next.count()) === 0) return rows;
    const address = page.url();
    await next.click();
    await page.waitForURL((url) => url.href !== address);
  }
}

async function download(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
  return { name: file.suggestedFilename(), rows: await csvRows(file) };
}

test("the file of leads has the rows of the list, under its view and filter", async (t) => {
  for (let number = 1; number <= MANY; number++) {
    await business.person({ name: `Visitor ${number}`, waId: `659111${1000 + number}` }).writes("Do you mend bells?");
  }
  await business.person({ name: "Arjun Rao", waId: "6591119999" }).asks("I am Arjun Rao, arjun@example.com");
  const { page } = await signIn(t, browser, business);
  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  await page.getByRole("link", { name: /^Talking/ }).click();
  await page.getByRole("group").getByText("Filter").click();
  await page.getByLabel("Last message").selectOption({ label: "30 days" });
  await page.getByRole("button", { name: "Show" }).click();
  const file = await download(page, /^Export/);
  const shown = await rowsOfAllPages(page, "Older");
  assert.equal(shown.length, MANY);
  assert.deepEqual(file.rows.map((row) => row.name), shown.map(([, person]) => person));
  assert.ok(file.rows.every((row) => row.status === "active"));
  assert.match(file.name, /^leads_shop_talking_30-days_UTC\.csv$/);
});

test("the file of the log has the rows of the list, under its filter", async (t) => {
  const crm = await startCrm(t);
  for (const [name, url] of [["CRM", crm.url], ["Nobody", "http://127.0.0.1:9/hook"]]) {
    const words = ["webhook", "add", "--project", business.project, "--url", url, "--name", name, "--event", "widget.click", "--policy", "none"];
    await business.command(words);
  }
  await clickMany(business, MANY);
  await until("the deliveries", () => crm.got.length === MANY);
  const { page } = await signIn(t, browser, business);
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByLabel("Webhook", { exact: true }).selectOption({ label: "Nobody" });
  await page.getByLabel("State").selectOption({ label: "Failed" });
  const failed = page.getByRole("link", { name: `Resend ${MANY} failed` });
  await until("the failures", async () => {
    await page.getByRole("button", { name: "Filter" }).click();
    return failed.isVisible();
  });
  await page.getByLabel("Event").selectOption({ label: "Widget click" });
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("link", { name: "Resend what failed" }).waitFor();
  const file = await download(page, "Export");
  const shown = await rowsOfAllPages(page, "Older");
  assert.equal(shown.length, MANY);
  // Time, state, event with its word, webhook, lead, reference, attempts, answer, took.
  const cells = shown.map(([, state, event, webhook, , ...more]) => [state.toLowerCase(), event.split(/\s/).at(-1), webhook, ...more.slice(0, 3)]);
  const columns = file.rows.map((row) => [row.state.toLowerCase(), row.event, row.webhook, row.reference, row.attempts, row.answer]);
  assert.deepEqual(columns, cells);
  assert.equal(new Set(file.rows.map((row) => row.event_id)).size, MANY);
  assert.match(file.name, /^deliveries_shop_failed_widget-click_UTC\.csv$/);
});
