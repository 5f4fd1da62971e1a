// The playground, from choosing an ad to the complete lead, as a newcomer goes through it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { hosts, launch, visitor } from "./support/browser.mjs";
import { answerUntilComplete, openPlayground } from "./support/playground.mjs";

const REFERENCE = /O-[0-9A-Za-z]{7}/;

let demo;
let browser;
before(async () => ([demo, browser] = await Promise.all([startDemo(), launch()])));
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A newcomer in front of the playground, started over so that tests do not see each other's events. */
async function newcomer(t, options) {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 }, ...options });
  const playground = await openPlayground(await person.newPage(), demo.url);
  return { person, ...playground };
}

/** The reference in the message that the link wrote, once the phone shows it. */
async function writtenReference(phone) {
  await phone.getByText("Written by the link").waitFor();
  return REFERENCE.exec(await phone.getByRole("textbox", { name: "Message" }).inputValue())[0];
}


test("from the ad to the complete lead", async (t) => {
  const { person, page, shop, phone, journey } = await newcomer(t);

  await page.getByRole("button", { name: "Instagram ad" }).click();
  await page.locator("#address").getByText("utm_source=instagram").waitFor();
  await shop.getByRole("link", { name: "Prices", exact: true }).click();
  await shop.getByRole("heading", { name: "One price" }).waitFor();
  await shop.getByRole("link", { name: "Chat with us" }).click();

  const reference = await writtenReference(phone);
  const click = page.locator("[data-event='widget.click']");
  await click.getByText("Signature verified").waitFor();
  await click.locator("pre", { hasText: '"utm_campaign": "commuters"' }).waitFor();
  await journey("reference").getByText(reference).waitFor();

  await phone.getByRole("button", { name: "Send" }).click();
  await phone.locator(".bubble.out:not(.typing)").first().waitFor();
  await journey("chat").getByText("linked").waitFor();
  const composer = phone.getByRole("textbox", { name: "Message" });
  await composer.fill("I'm Mei Lin Tan");
  await composer.press("Enter");
  await page.locator("[data-field='name']").getByText("Mei Lin Tan").waitFor();
  await answerUntilComplete(page, phone);

  const complete = page.locator("[data-event='lead.complete']");
  await complete.getByText("Signature verified").waitFor();
  assert.match(await complete.locator("pre").innerText(), new RegExp(`"correlation_id": "${reference}"`));
  await journey("lead").getByText("Complete").waitFor();
  await page.locator("#lead").getByText("instagram · commuters").waitFor();
  const arrived = await page.locator(".delivery").evaluateAll((cards) => cards.map((card) => card.dataset.event));
  assert.deepEqual(arrived.reverse(), ["widget.click", "lead.correlated", "lead.created", "lead.complete"]);
  assert.equal(await phone.locator(".ticks[data-status='read']").count(), await phone.locator(".bubble.in").count());

  assert.deepEqual(hosts(person.requests), [new URL(demo.url).host]);
  assert.deepEqual(await person.context.cookies(), []);
  assert.deepEqual(person.complaints, []);
});

test("the chat on the shop's own page is a third way to the complete lead", async (t) => {
  const { person, page, shop, journey } = await newcomer(t);
  await shop.getByRole("link", { name: "or right here" }).click();
  const field = shop.getByRole("textbox", { name: "Write a message" });
  await field.waitFor();
  const click = page.locator("[data-event='widget.click']");
  await click.getByText("Signature verified").waitFor();
  const says = async (text) => {
    const before = await shop.locator(".m:not(.own)").count();
    await field.fill(text);
    await field.press("Enter");
    await shop.locator(".m:not(.own)").nth(before).waitFor();
  };
  await says("Do you true wheels?");
  await journey("chat").getByText("On the page, linked").waitFor();
  await says("I'm Mei Lin Tan, mei@example.com, +65 9123 4567");
  await page.locator("[data-event='lead.created']").getByText("Signature verified").waitFor();
  assert.match(await page.locator("[data-event='lead.created'] pre").innerText(), /"channel": "web"/);
  assert.deepEqual(person.complaints, []);
});

test("a new visitor starts from nothing and gets another reference", async (t) => {
  const { page, shop, phone } = await newcomer(t);
  const click = async () => {
    await shop.getByRole("link", { name: "Chat with us" }).click();
    await page.locator("[data-event='widget.click']").waitFor();
    return writtenReference(phone);
  };
  const first = await click();
  await page.getByRole("button", { name: "New visitor" }).click();
  await page.getByText("Nothing has arrived yet").waitFor();
  await phone.getByText("Click the chat button").waitFor();
  await shop.getByRole("link", { name: "Chat with us" }).waitFor();
  assert.notEqual(await click(), first);
});

test("the chat is still there after a look at the home screen", async (t) => {
  const { shop, phone } = await newcomer(t);
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByRole("button", { name: "Send" }).click();
  await phone.locator(".bubble.out:not(.typing)").first().waitFor();
  await phone.getByRole("link", { name: "Back to the home screen" }).click();
  await phone.locator("#notification").click();
  await phone.locator(".bubble.in", { hasText: REFERENCE }).waitFor();
  assert.equal(await phone.getByRole("textbox", { name: "Message" }).inputValue(), "");
});

test("on a narrow screen a click turns to the phone, and the events are counted", async (t) => {
  const { page, shop, phone } = await newcomer(t, { viewport: { width: 390, height: 844 } });
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByRole("button", { name: "Send" }).waitFor();
  await page.locator("#unseen", { hasText: "1" }).waitFor();
  await page.getByRole("button", { name: "Events" }).click();
  await page.locator("[data-event='widget.click']").waitFor();
  assert.equal(await page.locator("#unseen").isVisible(), false);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
});

for (const colorScheme of ["light", "dark"]) {
  test(`everyone can use it: axe finds nothing, ${colorScheme}`, async (t) => {
    const { page, shop, phone } = await newcomer(t, { colorScheme, reducedMotion: "reduce" });
    for (const frame of page.frames()) assert.deepEqual(await axeFindings(frame), [], frame.url());
    await shop.getByRole("link", { name: "Prices", exact: true }).click();
    await shop.getByRole("heading", { name: "One price" }).waitFor();
    await shop.getByRole("link", { name: "Chat with us" }).click();
    await phone.getByRole("button", { name: "Send" }).click();
    await answerUntilComplete(page, phone);
    await page.locator("[data-event='lead.complete']").waitFor();
    for (const frame of page.frames()) assert.deepEqual(await axeFindings(frame), [], frame.url());
  });
}
