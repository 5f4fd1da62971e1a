// Telegram as a second way: through the playground, and the page that a browser's own window sees on its way to a bot.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { answerUntilComplete, openPlayground } from "./support/playground.mjs";

const REFERENCE = /O-[0-9A-Za-z]{7}/;

let demo;
let browser;
before(async () => ([demo, browser] = await Promise.all([startDemo(), launch()])));
after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function botLink() {
  const { bot_widget_id } = await (await fetch(`${demo.url}/playground/state`)).json();
  // As the button writes it: who comes back is known by the device, and keeps the reference.
  return `${demo.url}/c/${bot_widget_id}?device_id=${crypto.randomUUID()}&click_url=${encodeURIComponent("https://shop.example/?utm_source=google")}`;
}

test("from the shop to the complete lead by Telegram", async (t) => {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const { page, shop, phone, journey } = await openPlayground(await person.newPage(), demo.url);
  await shop.getByRole("link", { name: "on Telegram" }).click();
  await phone.getByText("carries the click’s reference unseen").waitFor();
  await phone.getByRole("button", { name: "Start" }).click();
  await phone.locator(".bubble.out:not(.typing)").first().waitFor();
  await journey("chat").getByText("linked").waitFor();
  const composer = phone.getByRole("textbox", { name: "Message" });
  await composer.fill("I'm Mei Lin Tan");
  await composer.press("Enter");
  await phone.getByRole("button", { name: "Wheel truing" }).click();
  await page.locator("[data-field='service']").getByText("Wheel truing").waitFor();
  await answerUntilComplete(page, phone);
  const complete = await page.locator("[data-event='lead.complete'] pre").innerText();
  assert.match(complete, REFERENCE);
  assert.match(complete, /"phone": "\+659/, "shared by its button");
  assert.match(await page.locator("[data-event='lead.created'] pre").textContent(), /"channel": "telegram"/);
  assert.deepEqual(person.complaints, []);
});

test("a window sees the reference on its way, goes on by itself, and finds it again", async (t) => {
  const person = await visitor(t, browser);
  const page = await person.newPage();
  await page.goto(await botLink());
  await page.waitForURL(/\/playground\/phone\/telegram\/.*\?start=O-/);
  const reference = REFERENCE.exec(page.url())[0];
  await page.goBack();
  await page.getByText(reference).waitFor();
  assert.equal(await page.getByRole("link", { name: "Open Telegram" }).getAttribute("href"), `${demo.url}/playground/phone/telegram/juniper_cycles_demo_bot?start=${reference}`);
  assert.match(await page.getByRole("link", { name: "Open the app directly" }).getAttribute("href"), new RegExp(`^tg://resolve\\?domain=juniper_cycles_demo_bot&start=${reference}$`));
  await person.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), reference);
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(person.complaints, []);
});

test("without JavaScript the page is there, and goes on", async (t) => {
  const person = await visitor(t, browser, { javaScriptEnabled: false });
  const page = await person.newPage();
  await page.goto(await botLink());
  await page.getByRole("heading", { name: "Your reference" }).waitFor();
  assert.match(await page.locator("code").innerText(), REFERENCE);
  assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 0);
  await page.waitForURL(/\/playground\/phone\/telegram\//);
});
