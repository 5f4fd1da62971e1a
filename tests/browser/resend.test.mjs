// Resending what a filter of the log matches: the exact count, how far it is, stopping it, and what came of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OWNER, startBusiness } from "./support/aurix.mjs";
import { launch } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";
import { startCrm } from "./support/crm.mjs";
import { until } from "./support/until.mjs";
import { clickMany } from "./support/visitors.mjs";

/** Deliveries that a job makes due before it looks whether they are sent. */
const SLICE = 500;

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

/** A webhook of one attempt each, whose receiver answered so many clicks with each status. */
async function failed(crm, name, statuses) {
  const words = ["webhook", "add", "--project", business.project, "--url", crm.url, "--name", name, "--event", "widget.click", "--policy", "none"];
  const { id } = await business.command(words);
  let expected = 0;
  for (const [status, count] of statuses) {
    crm.status = status;
    expected += count;
    await clickMany(business, count);
    await until(`${expected} deliveries`, () => crm.got.length === expected);
  }
  crm.got.length = 0;
  crm.status = 200;
  return id;
}

test("what a filter matches is counted exactly, and exactly that is resent", async (t) => {
  const crm = await startCrm(t);
  await failed(crm, "CRM", [[500, 12], [404, 3]]);
  const { page } = await signIn(t, browser, business);
  await page.getByRole("link", { name: "Log" }).click();
  await page.getByLabel("Answer").selectOption({ label: "5xx" });
  const resend = page.getByRole("link", { name: "Resend 12 failed" });
  await until("the failures", async () => {
    await page.getByRole("button", { name: "Filter" }).click();
    return resend.isVisible();
  });
  await resend.click();
  await page.getByRole("heading", { name: "Resend 12 failed deliveries" }).waitFor();
  await page.getByRole("button", { name: "Resend 12" }).click();
  // The note follows by itself.
  await page.getByRole("status").getByText("12 of 12 resent").waitFor();
  await until("the deliveries", () => crm.got.length === 12);
  await page.getByRole("link", { name: "Clear" }).click();
  await page.getByRole("link", { name: "Resend 3 failed" }).waitFor();
  assert.equal(crm.got.length, 12);
});

test("resending shows how far it is, goes no faster than the receiver, and can be stopped", async (t) => {
  const crm = await startCrm(t);
  const id = await failed(crm, "Slow CRM", [[500, SLICE + 10]]);
  crm.hold();
  const { page } = await signIn(t, browser, business);
  await page.goto(`${business.url}/p/${business.project}/integrations/log?webhook=${id}`);
  await page.getByRole("link", { name: /^Resend/ }).click();
  await page.getByRole("button", { name: `Resend ${SLICE + 10}` }).click();
  const note = page.getByRole("status").filter({ hasText: "Slow CRM" });
  await note.getByText(`Resending: ${SLICE} of ${SLICE + 10}`).waitFor();
  await note.getByText(`Started by ${OWNER.email}`).waitFor();
  await note.getByRole("button", { name: "Stop resending" }).click();
  await note.getByText(`Stopped after ${SLICE} of ${SLICE + 10}`).waitFor();
  crm.release();
  await until("what was due", () => crm.got.length === SLICE);
  await page.goto(`${business.url}/p/${business.project}/integrations/log?webhook=${id}`);
  await page.getByRole("link", { name: "Resend 10 failed" }).waitFor();
  assert.equal(crm.got.length, SLICE);
});
