// The numbers over time in Chromium: by pointer, by keyboard, and without their code until somebody turns to them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBusiness } from "./support/aurix.mjs";
import { launch } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";

let business;
let browser;
before(async () => ([business, browser] = await Promise.all([startBusiness(), launch()])));
after(async () => {
  await browser?.close();
  await business?.stop();
});

async function overview(t) {
  const { person, page } = await signIn(t, browser, business);
  const loaded = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  const days = page.getByRole("slider", { name: "Clicks and conversations over time" });
  await days.waitFor();
  return { person, page, days, isLoaded: () => loaded.some((path) => path.includes("chart")) };
}

test("the keyboard goes from day to day, and its code comes with the first key", async (t) => {
  const { person, days, isLoaded } = await overview(t);
  const today = await days.getAttribute("aria-valuetext");
  assert.equal(isLoaded(), false);
  await days.focus();
  await days.locator("canvas").waitFor();
  assert.equal(isLoaded(), true);
  const last = Number(await days.getAttribute("aria-valuenow"));
  assert.match(await days.getAttribute("aria-valuetext"), new RegExp(`^${today}: \\d+ clicks, \\d+ conversations`));
  await days.press("ArrowLeft");
  assert.equal(Number(await days.getAttribute("aria-valuenow")), last - 1);
  await days.press("Home");
  assert.equal(await days.getAttribute("aria-valuenow"), "0");
  assert.deepEqual(person.complaints, []);
});

test("drawing across days opens them", async (t) => {
  const { person, page, days } = await overview(t);
  await days.scrollIntoViewIfNeeded();
  await days.hover();
  await days.locator("canvas").waitFor();
  const { x, y, width, height } = await days.boundingBox();
  await page.mouse.move(x + width * 0.4, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.6, y + height / 2, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(({ searchParams }) => searchParams.has("from"));
  const { searchParams } = new URL(page.url());
  assert.ok(searchParams.get("from") < searchParams.get("to"), page.url());
  assert.deepEqual(person.complaints, []);
});
