// Questions whose answers can be pressed in the chat on a page: by pointer, by keyboard, from right to left, and on a phone.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startChat } from "./support/aurix.mjs";
import { axeFindings } from "./support/axe.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { panelOf } from "./support/panel.mjs";
import { shopPage, startSite } from "./support/site.mjs";
import { until } from "./support/until.mjs";

const LONG = "Wheel truing, with a long talk about all that can be trued";
const FORM = {
  fields: [
    { key: "service", type: "choice", required: true, question: "Which service?", options: ["Tune-up", LONG, "Other"] },
    { key: "first", type: "yes_no", required: true, question: "Is it your first time?" },
    { key: "name", type: "name" },
    { key: "email", type: "email", required: false },
    { key: "phone", type: "phone", required: false },
  ],
};

let aurix;
let browser;
before(async () => {
  [aurix, browser] = await Promise.all([startChat(), launch()]);
  await setForm(FORM);
});
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

async function setForm(form) {
  const folder = await mkdtemp(join(tmpdir(), "aurix-form-"));
  await writeFile(join(folder, "form.json"), JSON.stringify(form));
  await aurix.command(["form", "set", "--project", aurix.project, join(folder, "form.json")]);
  await rm(folder, { recursive: true });
}

/** A visitor who has said hello and is asked for the service; the buttons below the question. */
async function asked(t, { page = (html) => html, head, options } = {}) {
  const site = await startSite(t, () => page(shopPage(aurix, { attributes: "data-chat", head })));
  const person = await visitor(t, browser, options);
  const tab = await person.newPage();
  await tab.goto(site);
  const chat = panelOf(tab);
  await chat.open();
  await chat.says("hello");
  const choices = chat.panel.getByRole("group").getByRole("button");
  await choices.first().waitFor();
  return { person, tab, chat, choices };
}

test("an answer is pressed and becomes the visitor's message; then the next question has its own", async (t) => {
  const { person, chat, choices } = await asked(t);
  assert.deepEqual(await choices.allTextContents(), ["Tune-up", LONG, "Other"]);
  const question = chat.messages.last();
  assert.match(await question.textContent(), /Which service\?$/);
  const group = chat.panel.getByRole("group", { name: "Which service?" });
  assert.equal(await group.count(), 1, "the buttons are named by their question");
  await choices.nth(1).click();
  await chat.sees(LONG);
  await until("the next question", async () => (await choices.allTextContents()).join() === "Yes,No");
  await chat.says("yes");
  await until("a question that is typed", async () => /name/.test(await chat.messages.last().textContent()));
  assert.equal(await choices.count(), 0);
  assert.deepEqual(person.complaints, []);
});

test("they are reached and pressed by keyboard, and the focus stays in the panel", async (t) => {
  const { tab, chat, choices } = await asked(t);
  const focused = () => chat.panel.evaluate((panel) => panel.getRootNode().activeElement?.textContent);
  await chat.field.focus();
  await tab.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Other", "the last button stands before the field");
  await tab.keyboard.press("Shift+Tab");
  await tab.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Tune-up");
  await tab.keyboard.press("Enter");
  await chat.sees("Tune-up");
  assert.ok(await chat.field.evaluate((field) => field.getRootNode().activeElement === field), "the field has the focus");
  await until("the next question", async () => (await choices.allTextContents()).join() === "Yes,No");
});

test("what is typed takes them away, and they are there again on the next page", async (t) => {
  const { tab, chat, choices } = await asked(t);
  await tab.reload();
  await chat.open();
  await choices.first().waitFor();
  assert.deepEqual(await choices.allTextContents(), ["Tune-up", LONG, "Other"]);
  await chat.field.fill("tune-up");
  await chat.field.press("Enter");
  assert.notDeepEqual(await choices.allTextContents(), ["Tune-up", LONG, "Other"]);
  await until("the next question", async () => (await choices.allTextContents()).join() === "Yes,No");
});

test("in Arabic they begin at the right, and axe finds nothing", async (t) => {
  const page = (html) => html.replace('lang="en"', 'lang="ar" dir="rtl"');
  const { tab, chat, choices } = await asked(t, { page, options: { reducedMotion: "reduce" } });
  const [log, first, last] = [await chat.panel.locator(".log").boundingBox(), await choices.first().boundingBox(), await choices.last().boundingBox()];
  assert.ok(Math.abs(first.x + first.width - (log.x + log.width)) < 2, "the first one is at the right edge");
  assert.ok(last.y > first.y || last.x < first.x, "the next ones are left of it, or below");
  assert.deepEqual((await axeFindings(tab.mainFrame())).filter((one) => one.includes("aurix-")), []);
});

test("on a phone they are large enough to press, and none is wider than the panel", async (t) => {
  const head = '<meta name="viewport" content="width=device-width, initial-scale=1">';
  const { chat, choices } = await asked(t, { head, options: { viewport: { width: 340, height: 640 }, hasTouch: true, isMobile: true } });
  const panel = await chat.panel.boundingBox();
  for (const button of await choices.all()) {
    const box = await button.boundingBox();
    assert.ok(box.height >= 44 && box.width >= 44, JSON.stringify(box));
    assert.ok(box.x >= panel.x && box.x + box.width <= panel.x + panel.width, JSON.stringify(box));
  }
});
