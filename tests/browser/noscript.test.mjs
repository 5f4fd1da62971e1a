// The console with JavaScript off: signing in, answering somebody, and taking a list along. (The document's steps are in
// integrations.test.mjs, with and without.)
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBusiness } from "./support/aurix.mjs";
import { launch } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";
import { csvRows } from "./support/csv.mjs";
import { until } from "./support/until.mjs";

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

test("without JavaScript people sign in, answer, export, and sign out", async (t) => {
  await business.person({ name: "Arjun Rao", waId: "6591110002" }).asks("Do you mend bells?");
  const { page } = await signIn(t, browser, business, { javaScriptEnabled: false });
  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /^Export/ }).click()]);
  assert.deepEqual((await csvRows(file)).map((row) => [row.name, row.phone]), [["Arjun Rao", "+6591110002"]]);

  await page.getByRole("link", { name: "Arjun Rao" }).click();
  await page.getByRole("button", { name: "Take over" }).click();
  await page.getByText("With Mei Tan").first().waitFor();
  await page.getByLabel("Reply to Arjun Rao").fill("We do. Come by at five.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log").getByText("We do. Come by at five.").waitFor();
  await until("the reply", () => business.whatsapp.texts.includes("We do. Come by at five."));

  // A second answer to what the first one answered: it is not sent, and stays in its field.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await page.getByLabel("Reply to Arjun Rao").fill("Bring the bike.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("log").getByText("Bring the bike.").waitFor();
  await other.getByLabel("Reply to Arjun Rao").fill("Bring both bikes.");
  await other.getByRole("button", { name: "Send" }).click();
  await other.getByRole("alert").getByText("Bring the bike.").waitFor();
  assert.equal(await other.getByLabel("Reply to Arjun Rao").inputValue(), "Bring both bikes.");

  await page.getByRole("button", { name: "Mei Tan" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in to Aurix" }).waitFor();
  await other.reload();
  await other.getByRole("heading", { name: "Sign in to Aurix" }).waitFor();
});
