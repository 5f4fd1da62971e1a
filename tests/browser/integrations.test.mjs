// The document's steps 2 to 4 by their own words, a conversation taken over, and what strangers write shown harmlessly.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { NOTICED_MS_MAX, openProject, saveWebhook, strictPage } from "./support/console.mjs";
import { startCrm } from "./support/crm.mjs";
import { openPlayground } from "./support/playground.mjs";

/** What a stranger may write: markup, an attribute that htmx would run, a formula, a direction override. */
const HOSTILE = `<img src=x onerror="window.harmed=1"><b hx-get="/account" hx-trigger="load">x</b> =1+1 \u202Egnp.exe`;

let demo;
let browser;
before(async () => ([demo, browser] = await Promise.all([startDemo(), launch()])));
after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function openConsole(t, options) {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 }, ...options });
  const page = await strictPage(person);
  await openProject(page, demo.url);
  return { person, page };
}

for (const javaScriptEnabled of [true, false]) {
  test(`the document's steps 2 to 4, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async (t) => {
    const crm = await startCrm(t);
    const { page } = await openConsole(t, { javaScriptEnabled });
    await page.getByRole("link", { name: "Webhook", exact: true }).click();
    await page.getByRole("button", { name: "Add Webhook" }).click();
    await page.getByLabel("URL").fill(crm.url);
    assert.ok(await page.getByRole("checkbox", { name: /^New Lead/ }).isChecked());
    assert.ok(!(await page.getByRole("checkbox", { name: /^Widget click/ }).isChecked()));
    await page.getByRole("button", { name: "Save" }).click();
    // `http:` on this machine is asked about.
    const anyway = page.getByRole("button", { name: "Save anyway" });
    const secret = page.getByText("aurix_").first();
    await Promise.any([anyway.waitFor(), secret.waitFor()]);
    if (await anyway.isVisible()) await anyway.click();
    await secret.waitFor();

    crm.status = 401;
    await page.getByRole("link", { name: "Webhook", exact: true }).first().click();
    const row = page.getByRole("row").filter({ hasText: new URL(crm.url).port });
    await row.getByRole("button", { name: /^Test/ }).click();
    await page.getByText("Your CRM wants an authorization header").waitFor();
    await page.getByRole("region", { name: "Request" }).getByText("lead.created").waitFor();
    assert.equal(crm.got.at(-1).body.event, "lead.created");
    assert.match(crm.got.at(-1).headers["x-hub-signature"], /^[0-9a-f]{64}$/);

    await row.getByRole("link").first().click();
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByLabel("Header 1, name").fill("Authorization");
    await page.getByLabel("Header 1, value").fill("Bearer token");
    await page.getByRole("button", { name: "Save" }).click();
    const again = page.getByRole("button", { name: /^Test/ }).first();
    await Promise.any([anyway.waitFor(), again.waitFor()]);
    if (await anyway.isVisible()) await anyway.click();
    crm.status = 200;
    await again.click();
    await page.getByText("200").first().waitFor();
    assert.equal(crm.got.at(-1).headers.authorization, "Bearer token");
    await page.getByRole("link", { name: "Log" }).first().click();
    await page.getByRole("heading", { name: "Log" }).waitFor();
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`a payload template is previewed, saved and used, ${javaScriptEnabled ? "with" : "without"} JavaScript`, async (t) => {
    const crm = await startCrm(t);
    const { person, page } = await openConsole(t, { javaScriptEnabled });
    await page.getByRole("link", { name: "Webhook", exact: true }).click();
    await page.getByRole("button", { name: "Add Webhook" }).click();
    await page.getByLabel("URL").fill(crm.url);
    await page.getByLabel("What receives it?").selectOption("Slack");
    await page.getByText("Incoming Webhooks: add one to the channel").waitFor();
    assert.ok(!(await page.getByText("Make a bot with @BotFather").isVisible()), "only what was chosen");
    await page.getByRole("button", { name: "Save" }).click();
    const anyway = page.getByRole("button", { name: "Save anyway" });
    if (await anyway.isVisible()) await anyway.click();
    await page.getByRole("link", { name: "Set the template for Slack" }).click();

    const field = page.getByRole("textbox", { name: "Template" });
    const body = page.getByRole("region", { name: "Body", exact: true });
    assert.match(await field.inputValue(), /escape/);
    await body.getByText("Mock User").waitFor();
    const preview = async (text) => {
      await field.fill(text);
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Preview" }).click();
    };
    await preview('{"text": "Lead: {{ lead.name }}"');
    await page.getByText(/of the result is not valid JSON/).waitFor();
    await preview('{"text": "Lead: {{ lead.name }}"}');
    await body.getByText("Lead: Mock User").waitFor();
    await page.getByText("Valid JSON").waitFor();
    await page.getByLabel("Event to preview").selectOption("Sample of Lead complete");
    if (!javaScriptEnabled) await page.getByRole("button", { name: "Preview" }).click();
    await page.getByRole("region", { name: "Event", exact: true }).getByText("lead_data").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: /^Test/ }).first().click();
    await page.getByRole("region", { name: "Request" }).getByText("Lead: Mock User").waitFor();
    assert.deepEqual(crm.got.at(-1).body, { text: "Lead: Mock User" });
    if (javaScriptEnabled) assert.deepEqual(await page.evaluate(() => window.refused), []);
    // `http:` on this machine was asked about, by a form that came back.
    assert.deepEqual(person.complaints.filter((complaint) => !complaint.includes("422")), []);
  });
}

test("a conversation is taken over, answered and given back", async (t) => {
  const { page } = await openConsole(t);
  const visitorPage = await (await visitor(t, browser, { viewport: { width: 1440, height: 900 } })).newPage();
  const { shop, phone } = await openPlayground(visitorPage, demo.url);
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByText("Written by the link").waitFor();
  await phone.getByRole("button", { name: "Send" }).click();
  await phone.getByText("May I have your name?").waitFor();

  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  await page.getByRole("main").getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByRole("button", { name: "Take over" }).click();
  await page.getByLabel(/^Reply to/).fill("Rosa here: come by at five.");
  await page.getByRole("button", { name: "Send" }).click();
  await phone.getByText("Rosa here: come by at five.").waitFor();
  await phone.getByRole("textbox", { name: "Message" }).fill("I am Arjun Nair");
  await phone.getByRole("button", { name: "Send" }).click();
  await page.reload();
  await page.getByRole("button", { name: "Give back" }).click();
  await phone.getByRole("textbox", { name: "Message" }).fill("So what do you need?");
  await phone.getByRole("button", { name: "Send" }).click();
  await phone.getByText("Which service do you need?").first().waitFor();
});

test("what strangers write is shown and does nothing", async (t) => {
  const { person, page } = await openConsole(t);
  const visitorPage = await (await visitor(t, browser, { viewport: { width: 1440, height: 900 } })).newPage();
  const { shop, phone } = await openPlayground(visitorPage, demo.url);
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByText("Written by the link").waitFor();
  await phone.getByRole("button", { name: "Send" }).click();
  await phone.getByText("May I have your name?").waitFor();
  await phone.getByRole("textbox", { name: "Message" }).fill(HOSTILE);
  await phone.getByRole("button", { name: "Send" }).click();
  await phone.getByText("onerror").first().waitFor();

  await page.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.getByRole("main").getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByText("onerror").first().waitFor();
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.ok(!asked.includes("/account") && !asked.includes("/x"), asked.join(" "));
  assert.deepEqual(await page.evaluate(() => window.refused), []);
  assert.deepEqual(person.complaints, []);
});

test("the bell counts a webhook that was turned off, and goes by itself once it is on", async (t) => {
  const crm = await startCrm(t);
  crm.status = 410;
  const { person, page } = await openConsole(t);
  await page.getByRole("link", { name: "Attention: nothing" }).first().waitFor();
  const set = await person.newPage();
  await openProject(set, demo.url);
  await set.getByRole("navigation").getByRole("link", { name: /^Webhook/ }).click();
  await set.getByRole("button", { name: "Add Webhook" }).click();
  await set.getByLabel("Name", { exact: true }).fill("Old CRM");
  await saveWebhook(set, crm.url, /^Widget click/);
  const visitorPage = await (await visitor(t, browser, { viewport: { width: 1440, height: 900 } })).newPage();
  const { shop } = await openPlayground(visitorPage, demo.url);
  await shop.getByRole("link", { name: "Chat with us" }).click();

  const bell = page.getByRole("link", { name: "Attention: 1" }).first();
  await bell.waitFor({ timeout: NOTICED_MS_MAX });
  await bell.click();
  await page.getByText("Webhook Old CRM was turned off", { exact: true }).waitFor();
  const mend = page.getByRole("link", { name: /^Open webhook/ });
  crm.status = 200;
  await set.goto(demo.url + (await mend.getAttribute("href")));
  await set.getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("link", { name: "Attention: nothing" }).first().waitFor({ timeout: NOTICED_MS_MAX });
  await page.getByRole("heading", { name: "Nothing needs you" }).waitFor();
  await page.getByRole("heading", { name: "Mended" }).waitFor();
  assert.deepEqual(await page.evaluate(() => window.refused), []);
  // Chromium logs each form that comes back as one.
  assert.deepEqual(person.complaints.filter((text) => !text.includes("422")), []);
});

test("what needs attention is reached with JavaScript off", async (t) => {
  const { page } = await openConsole(t, { javaScriptEnabled: false });
  await page.getByRole("link", { name: /^Attention: / }).first().click();
  await page.getByRole("heading", { name: "Attention" }).waitFor();
  await page.getByRole("link", { name: "Who is told" }).click();
  await page.getByRole("link", { name: "Add operational webhook" }).click();
  const pager = await startCrm(t);
  await saveWebhook(page, pager.url);
  await page.getByRole("button", { name: /^Test/ }).first().click();
  await page.getByText("Your receiver shows “Testing Webhooks”.").waitFor();
  assert.equal(pager.got.at(-1).body.event_type, "attention.opened");
});
