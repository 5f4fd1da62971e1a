// From the first run to the first attributed conversation by the page that sets a project up, and what that costs a person's hands.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFresh } from "./support/aurix.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { strictPage } from "./support/console.mjs";
import { panelOf } from "./support/panel.mjs";
import { startSite } from "./support/site.mjs";

/** What a press and a key take somebody who reads the page, in seconds: the keystroke-level model, with a thought before each press. */
const SECONDS = { press: 1.35 + 1.1 + 0.2, key: 0.28 };
/** Seconds that the product promises from `aurix serve` to the first tracked click, and to the first attributed conversation. */
const PROMISED = { click: 180, conversation: 900 };

let fresh;
let browser;
before(async () => ([fresh, browser] = await Promise.all([startFresh(), launch()])));
after(async () => {
  await browser?.close();
  await fresh?.stop();
});

/** A page whose presses and keys are counted. */
function counted(page) {
  const effort = { presses: 0, keys: 0 };
  return {
    page,
    async press(role, name, { within = page } = {}) {
      effort.presses += 1;
      await within.getByRole(role, { name }).first().click();
    },
    async fill(label, text) {
      effort.presses += 1;
      effort.keys += text.length;
      await page.getByLabel(label).first().fill(text);
    },
    seconds: () => Math.round(effort.presses * SECONDS.press + effort.keys * SECONDS.key),
    words: () => `${effort.presses} presses and ${effort.keys} keys`,
  };
}

test("by the set-up page alone to the first click and the first attributed conversation", async (t) => {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
  const page = await strictPage(person);
  const hand = counted(page);
  await page.goto(fresh.firstRun);
  await hand.fill("Your name", "Mei Tan");
  await hand.fill("Email", "mei@example.com");
  await hand.fill("Password", "correct horse battery");
  await hand.press("button", "Create account");
  await hand.press("link", "New project");
  await hand.fill("Name", "Juniper Cycles");
  await hand.fill("Country", "SG");
  await hand.fill("Time zone", "Asia/Singapore");
  await hand.press("button", "Create project");

  const setUp = () => hand.press("link", "Set up");
  const step = (title) => page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: title }) });
  await setUp();
  await hand.press("link", "Chat on the page", { within: step("Give people somewhere to write to") });
  await hand.press("button", /^Add|^Save/);
  await setUp();
  await step("Give people somewhere to write to").getByText("Done", { exact: true }).waitFor();

  await hand.press("link", /widget/i, { within: step("Put the button on your site") });
  await hand.fill("Name", "Workshop site");
  await hand.press("button", "Save");
  const tag = await page.getByRole("region", { name: "Tag to copy" }).innerText();
  await hand.press("button", /Copy/);
  await setUp();

  // Their site has the tag, and a visitor comes by an ad.
  const site = await startSite(t, () => `<!doctype html><title>Workshop</title><h1>Workshop</h1>${tag}`);
  const customer = await visitor(t, browser);
  const tab = await customer.newPage();
  await tab.goto(`${site}/tune-up?utm_source=google&utm_medium=cpc&utm_campaign=spring`);
  const chat = panelOf(tab);
  await chat.open();
  await step("Put the button on your site").getByText("A click arrived.").waitFor();
  await step("Let your ads tell their names").getByText("A click told its campaign.").waitFor();
  const click = { seconds: hand.seconds(), words: hand.words() };

  await chat.says("I am Arjun Rao, arjun@example.com");
  await step("Try it with your own phone").getByText("A message had the reference of its click.").waitFor();
  await hand.press("link", "Attribution");
  const known = page.getByRole("row").filter({ hasText: "Reference" }).or(page.getByText("100 %")).first();
  await known.waitFor();

  console.log(`figure: first tracked click after ${click.words}, ${click.seconds} s of a practised hand (${PROMISED.click} s promised)`);
  console.log(`figure: first attributed conversation after ${hand.words()}, ${hand.seconds()} s (${PROMISED.conversation} s promised)`);
  assert.ok(click.seconds <= PROMISED.click, "the first tracked click is too far away");
  assert.ok(hand.seconds() <= PROMISED.conversation);
  assert.deepEqual(person.complaints, []);
});
