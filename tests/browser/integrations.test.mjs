// The document's steps 2 to 4 by their own words, a conversation taken over, and what strangers write shown harmlessly.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { startDemo } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
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

/** A CRM: what it got, and what it answers. */
async function startCrm(t) {
  const crm = { got: [], status: 200 };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    crm.got.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(crm.status, { "content-type": "application/json" }).end('{"detail":"invalid or missing token"}');
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  return Object.assign(crm, { url: `http://127.0.0.1:${server.address().port}/hook` });
}

async function openConsole(t, options) {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 }, ...options });
  const page = await person.newPage();
  await page.addInitScript(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
  });
  await page.goto(demo.url + "/projects");
  await page.getByRole("link", { name: "Aurix demo" }).click();
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
    if (await anyway.isVisible()) await anyway.click();
    await page.getByText("aurix_").first().waitFor();

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
    if (await anyway.isVisible()) await anyway.click();
    crm.status = 200;
    await page.getByRole("button", { name: /^Test/ }).first().click();
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

  await page.getByRole("link", { name: "Leads" }).click();
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

  await page.getByRole("link", { name: "Leads" }).click();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.getByRole("main").getByRole("row").nth(1).getByRole("link").first().click();
  await page.getByText("onerror").first().waitFor();
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.ok(!asked.includes("/account") && !asked.includes("/x"), asked.join(" "));
  assert.deepEqual(await page.evaluate(() => window.refused), []);
  assert.deepEqual(person.complaints, []);
});
