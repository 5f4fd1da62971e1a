// The inbox while things happen: what a person writes appears, and nothing that is typed or read is disturbed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { openPlayground } from "./support/playground.mjs";

let demo;
let browser;
before(async () => {
  [demo, browser] = await Promise.all([startDemo(), launch()]);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A customer who came by the shop's link and has written: their phone. */
async function chatting(t) {
  const customer = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const { shop, phone } = await openPlayground(await customer.newPage(), demo.url);
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByText("Written by the link").waitFor();
  await phone.getByRole("button", { name: "Send" }).click();
  await phone.locator(".suggestions button").first().waitFor();
  return phone;
}

/** What the customer says on the phone of the playground. */
async function say(phone, text) {
  await phone.getByRole("textbox").fill(text);
  await phone.getByRole("button", { name: "Send" }).click();
}

test("the inbox and an open conversation follow what happens, and keep what is typed", async (t) => {
  const phone = await chatting(t);
  const colleague = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const inbox = await colleague.newPage();
  await inbox.goto(demo.url + "/projects");
  await inbox.getByRole("link", { name: "Aurix demo" }).click();
  await inbox.getByRole("navigation", { name: "Project" }).getByRole("link", { name: /^Inbox/ }).click();
  const people = inbox.getByRole("region", { name: "Conversations" });
  await people.getByText("The agent is looking after everybody.").waitFor();
  await say(phone, "I want to talk to a human");
  await people.getByRole("heading", { name: "Waiting for a person · 1" }).waitFor();
  await people.getByRole("link").first().click();
  const talk = inbox.getByRole("log");
  await talk.getByText("I want to talk to a human").waitFor();
  const reply = inbox.getByRole("textbox", { name: /^Reply to/ });
  await reply.fill("A moment");
  await reply.press("End");
  await say(phone, "Are you there?");
  await talk.getByText("Are you there?").waitFor();
  assert.equal(await reply.inputValue(), "A moment");
  assert.equal(await reply.evaluate((field) => field === document.activeElement && field.selectionStart), "A moment".length);
  await inbox.reload();
  assert.equal(await reply.inputValue(), "A moment", "a draft outlives the page");
  await inbox.getByRole("button", { name: "Send" }).click();
  await talk.getByText("A moment").waitFor();
  assert.equal(await reply.inputValue(), "");
  await phone.getByText("A moment").waitFor();
  await talk.getByText(/delivered|read/).first().waitFor();
  const second = await colleague.newPage();
  await second.goto(inbox.url());
  await second.getByRole("textbox", { name: /^Reply to/ }).fill("Here is my colleague's answer");
  await second.getByRole("button", { name: "Send" }).click();
  await talk.getByText("Here is my colleague's answer").waitFor();
  await second.getByRole("button", { name: "Give back" }).click();
  await people.getByText("The agent is looking after everybody.").waitFor();
  assert.deepEqual(colleague.complaints, []);
});

test("the list of leads says that there are new ones and moves nothing", async (t) => {
  const phone = await chatting(t);
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const leads = await person.newPage();
  await leads.goto(demo.url + "/projects");
  await leads.getByRole("link", { name: "Aurix demo" }).click();
  await leads.getByRole("navigation", { name: "Project" }).getByRole("link", { name: "Leads" }).click();
  const rows = leads.locator("main tbody tr");
  await rows.first().waitFor();
  const before = await rows.allTextContents();
  await say(phone, "My name is Jonas Weber");
  const fresh = leads.getByRole("link", { name: "Show 1 new" });
  await fresh.waitFor();
  assert.deepEqual(await rows.allTextContents(), before);
  await fresh.click();
  await rows.first().getByRole("link", { name: "Jonas Weber" }).waitFor();
  assert.deepEqual(person.complaints, []);
});
