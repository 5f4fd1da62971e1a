// What people see before they are signed in: a second factor and links that work, on pages that all can use and that are light.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OWNER, startBusiness, startFresh } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";
import { unreachedByTab } from "./support/keyboard.mjs";
import { totpCode } from "./support/totp.mjs";
import { weigh } from "./support/weight.mjs";

const FIRST_PAGE_BYTES_MAX = 60 * 1024;
const SHIFT_MAX = 0.02;

let business;
let fresh;
let browser;
before(async () => ([business, fresh, browser] = await Promise.all([startBusiness(), startFresh(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
  await fresh?.stop();
});

/** Every page of somebody who is not signed in. */
async function gates(t) {
  const { page } = await signIn(t, browser, business);
  await page.getByRole("link", { name: "People" }).click();
  await page.getByLabel("Email").fill("priya@example.com");
  await page.getByRole("button", { name: "Invite" }).click();
  const invitation = /http:\S+\/invitation\/\S+/.exec(await page.getByRole("main").innerText())[0];
  const { link } = await business.command(["user", "link", OWNER.email]);
  return [
    `${business.url}/sign-in`,
    `${business.url}/first-run/spent`,
    `${business.url}/no-such-page`,
    fresh.firstRun,
    invitation,
    business.url + new URL(link).pathname,
  ];
}

test("pages before signing in are light, can be used by all, and break no rule of their policy", async (t) => {
  const found = [];
  for (const url of await gates(t)) {
    const stranger = await visitor(t, browser, { viewport: { width: 1440, height: 900 } });
    const { bytes, shift, refused } = await weigh(stranger, url);
    if (bytes > FIRST_PAGE_BYTES_MAX) found.push(`${url}: ${bytes} bytes`);
    if (shift > SHIFT_MAX) found.push(`${url}: shifts by ${shift}`);
    if (refused.length > 0) found.push(`${url}: refused ${refused}`);
    const page = await stranger.newPage();
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const width of [1440, 768, 390]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(url);
        for (const finding of await axeFindings(page)) found.push(`${url}, ${width} px, ${colorScheme}: ${finding}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${url}, ${width} px: ${wide} px too wide`);
      }
    }
    for (const unreached of await unreachedByTab(page)) found.push(`${url}: ${unreached}`);
    // A page that is not there is said so in the console.
    assert.deepEqual(stranger.complaints.filter((text) => !/status of 4\d\d/.test(text)), [], url);
  }
  assert.deepEqual(found, []);
});

test("the first page after signing in is light", async (t) => {
  const { person, page } = await signIn(t, browser, business);
  const { bytes } = await weigh(person, page.url());
  assert.ok(bytes <= FIRST_PAGE_BYTES_MAX, `${bytes} bytes`);
});

test("with a second factor, signing in asks for a code that is good once", async (t) => {
  const { person, page } = await signIn(t, browser, business);
  await page.goto(`${business.url}/account`);
  await page.getByRole("button", { name: "Set up" }).click();
  const key = /(?:[A-Z2-7]{4} ){3,}[A-Z2-7]+/.exec(await page.getByRole("region", { name: "Second factor" }).innerText())[0];
  const now = Date.now();
  await page.getByLabel("Code").fill(totpCode(key, now));
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByText("The second factor is on").waitFor();
  assert.deepEqual(person.complaints, []);

  const other = await visitor(t, browser, { viewport: { width: 390, height: 844 } });
  const phone = await other.newPage();
  await phone.goto(business.url);
  await phone.getByLabel("Email").fill(OWNER.email);
  await phone.getByLabel("Password").fill(OWNER.password);
  await phone.getByRole("button", { name: "Sign in" }).click();
  await phone.getByRole("heading", { name: "One more step" }).waitFor();
  assert.deepEqual(await axeFindings(phone), []);
  await phone.getByLabel("Code").fill(totpCode(key, now));
  await phone.getByRole("button", { name: "Sign in" }).click();
  await phone.getByText("This code").waitFor();
  // The one that the app shows next.
  await phone.getByLabel("Code").fill(totpCode(key, now + 30_000));
  await phone.getByRole("button", { name: "Sign in" }).click();
  await phone.getByRole("heading", { name: "Overview" }).waitFor();
});
