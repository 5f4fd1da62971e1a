// From the first run to the first lead, in the browser alone: an account, a project, a channel, a button, and somebody who writes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFresh, WHATSAPP_NUMBER } from "./support/aurix.mjs";
import { clicked, launch, visitor } from "./support/browser.mjs";
import { strictPage } from "./support/console.mjs";
import { startSite } from "./support/site.mjs";
import { APP_SECRET, PHONE_NUMBER_ID, startWhatsApp } from "./support/whatsapp.mjs";

let fresh;
let whatsapp;
let browser;
before(async () => ([fresh, whatsapp, browser] = await Promise.all([startFresh(), startWhatsApp(), launch()])));
after(async () => {
  await browser?.close();
  await fresh?.stop();
  whatsapp?.stop();
});

test("from the first run to the first lead", async (t) => {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await strictPage(person);
  await page.goto(fresh.firstRun);
  await page.getByLabel("Your name").fill("Mei Tan");
  await page.getByLabel("Email").fill("mei@example.com");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("link", { name: "New project" }).first().click();
  await page.getByLabel("Name").fill("Juniper Cycles");
  await page.getByLabel("Country").fill("SG");
  await page.getByLabel("Time zone").fill("Asia/Singapore");
  await page.getByRole("button", { name: "Create project" }).click();

  await page.getByRole("link", { name: "Channels" }).click();
  await page.getByRole("link", { name: "Add WhatsApp number" }).first().click();
  await page.getByLabel("App secret").fill(APP_SECRET);
  await page.getByLabel("Phone number ID").fill(PHONE_NUMBER_ID);
  await page.getByLabel("Number", { exact: true }).fill(`+${WHATSAPP_NUMBER}`);
  await page.getByLabel("Access token").fill("token");
  await page.getByRole("button", { name: "Save and go on" }).click();
  await page.getByText(`/channels/whatsapp/${PHONE_NUMBER_ID}/webhook`).waitFor();
  await pointToScript(page.url());

  await page.getByRole("link", { name: "Widgets" }).click();
  await page.getByRole("link", { name: "Add widget" }).first().click();
  await page.getByLabel("Name").fill("Workshop site");
  await page.getByLabel("Label").fill("Ask us");
  await page.frameLocator("#stage").getByRole("link", { name: "Ask us" }).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Workshop site" }).waitFor();
  const tag = await page.getByRole("region", { name: "Tag to copy" }).innerText();

  const site = await startSite(t, () => `<!doctype html><title>Workshop</title><h1>Workshop</h1>${tag}`);
  const customer = await visitor(t, browser);
  const tab = await customer.newPage();
  await tab.goto(`${site}/tune-up?utm_source=google&utm_campaign=spring`);
  const chat = await clicked(customer, () => tab.getByRole("link", { name: "Ask us" }).click());
  assert.equal(chat.number, WHATSAPP_NUMBER);

  const arjun = whatsapp.person(fresh, { name: "Arjun", waId: "6591110002" });
  assert.match(await arjun.asks(chat.text), /name/);
  assert.match(await arjun.asks("I am Arjun Rao"), /email/i);
  await arjun.asks("arjun@example.com");

  await page.getByRole("link", { name: "Leads", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: "Arjun Rao" });
  await row.getByText(chat.reference).waitFor();
  await row.getByText("google · spring").waitFor();
  await row.getByText("Complete").waitFor();
  await row.getByRole("link", { name: "Arjun Rao" }).click();
  await page.getByRole("heading", { name: "Arjun Rao" }).waitFor();
  const details = page.getByRole("region", { name: "Details" });
  await details.getByText("arjun@example.com").first().waitFor();
  await details.getByText("+6591110002").first().waitFor();
  await page.getByRole("region", { name: "Came from" }).getByText("spring").waitFor();
  await page.getByRole("log").getByText("I am Arjun Rao").waitFor();
  assert.deepEqual(await page.evaluate(() => window.refused), []);
  assert.deepEqual(person.complaints, []);
});

/** Meta's address is no setting of the page: the command that has it names the scripted one. */
async function pointToScript(address) {
  const project = /\/p\/([^/]+)/.exec(address)[1];
  await fresh.command([
    ...["channel", "add", "whatsapp", "--project", project, "--phone-number-id", PHONE_NUMBER_ID],
    ...["--number", `+${WHATSAPP_NUMBER}`, "--access-token", "token", "--app-secret", APP_SECRET, "--verify-token", "verify"],
    ...["--api-base", whatsapp.url],
  ]);
}
