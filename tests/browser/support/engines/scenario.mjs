// What the product is for, in any engine: signing in, a webhook and its log, what is live, a reply, the button on a site.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { OWNER, startBusiness, startDemo, WHATSAPP_NUMBER } from "../aurix.mjs";
import { startCrm } from "../crm.mjs";
import { shopPage, startSite } from "../site.mjs";
import { until } from "../until.mjs";
import { click } from "../visitors.mjs";

/** Whether a press on the second cell of a list's first row is one on its link, and one on a button above is not. */
const IS_ROW_ITS_LINK = `
  const pressed = (element) => {
    const { right, bottom } = element.getBoundingClientRect();
    return document.elementFromPoint(right - 4, bottom - 4);
  };
  const row = document.querySelector("tbody tr");
  const [link, button] = [row.querySelector("a"), document.querySelector("main .btn")];
  return pressed(row.cells[1]) === link && button.contains(pressed(button));`;

/** Declares the tests for an engine, which `startEngine` starts: `{window, stop()}`. */
export function testEngine(startEngine) {
  let business;
  let engine;
  let window;
  before(async () => {
    business = await startBusiness();
    engine = await startEngine();
    window = engine.window;
    await signIn(window, business);
  });
  after(async () => {
    await engine?.stop();
    await business?.stop();
  });

  test("a webhook is added, tested and given a header, and the log has its deliveries", async (t) => {
    const crm = await startCrm(t);
    await window.click("link", "Webhook");
    await window.click("button", "Add Webhook");
    await window.type("URL", crm.url);
    await window.type("Name", "CRM");
    // What is said of the address moves what stands below: whoever presses a button waits for it.
    await window.sees("everybody on the way can read the leads");
    assert.ok(await window.isTicked(/^New Lead/));
    for (const other of [/^Widget click/, /^Lead correlated/, /^Lead complete/]) assert.ok(!(await window.isTicked(other)));
    await window.click("button", "Save");
    // `http:` on this machine is asked about.
    await window.click("button", "Save anyway");
    await window.sees("aurix_");

    crm.status = 401;
    await window.click("link", "Webhook");
    await window.click("button", "Test CRM");
    await window.sees("Your CRM wants an authorization header");
    assert.equal(crm.got.at(-1).body.event, "lead.created");
    assert.match(crm.got.at(-1).headers["x-hub-signature"], /^[0-9a-f]{64}$/);

    await window.click("link", "Add header");
    await window.type("Header 1, name", "Authorization");
    await window.type("Header 1, value", "Bearer token");
    await window.click("button", "Save");
    await window.click("button", "Save anyway");
    await window.sees("Rotate secret");
    crm.status = 200;
    await window.click("link", "Webhook");
    await window.click("button", "Test CRM");
    await window.sees("It arrived.");
    assert.equal(crm.got.at(-1).headers.authorization, "Bearer token");

    await business.person({ name: "Priya Nair", waId: "6591110001" }).asks("I am Priya Nair, priya@example.com");
    await until("the lead at the CRM", () => crm.got.find(({ body }) => body.lead?.email === "priya@example.com"));
    await window.click("link", "Log");
    await window.sees("lead.created");
    await window.sees("Priya Nair");
  });

  test("a delivery is announced on the open log", async (t) => {
    const crm = await startCrm(t);
    await business.command(["webhook", "add", "--project", business.project, "--url", crm.url, "--name", "Clicks", "--event", "widget.click"]);
    await window.open(`${business.url}/p/${business.project}/integrations/log`);
    await window.sees("Every delivery over all webhooks");
    await window.evaluate("window.isTheSamePage = true");
    await click(business);
    await window.sees("Show 1 new");
    assert.ok(await window.evaluate("return window.isTheSamePage"));
    await window.click("link", "Show 1 new");
    await window.sees("widget.click");
  });

  test("a person is answered, and the agent is silent from then on", async () => {
    const person = business.person({ name: "Arjun Rao", waId: "6591110002" });
    await person.asks("Do you mend bells?");
    await window.click("link", "Leads");
    await window.sees("Arjun Rao");
    await until("a row that is its link", () => window.evaluate(IS_ROW_ITS_LINK));
    await window.click("link", "Arjun Rao");
    await window.click("button", "Take over");
    await window.sees("With Mei Tan");
    await window.type("Reply to Arjun Rao", "We do. Come by at five.");
    await window.click("button", "Send");
    await until("the reply", () => business.whatsapp.texts.includes("We do. Come by at five."));
    await window.sees("We do. Come by at five.");
    assert.equal(business.whatsapp.texts.at(-1), "We do. Come by at five.");
  });

  test("the button on a site opens WhatsApp with a reference", async (t) => {
    const site = await startSite(t, () => shopPage({ url: business.url, widgets: { main: business.widget } }));
    await window.open(`http://localhost:${new URL(site).port}/landing?utm_source=google`);
    const address = await window.addressOpenedBy(() => window.click("link", "Chat with us"), /^https:\/\/wa\.me\//);
    const { pathname, searchParams } = new URL(address);
    assert.equal(pathname, `/${WHATSAPP_NUMBER}`);
    assert.match(searchParams.get("text"), /Reference: O-[0-9A-Za-z]{7} /);
  });

  test("a link that the site has already opens WhatsApp with its text and a reference", async (t) => {
    const body = `<p><a href="https://wa.me/${WHATSAPP_NUMBER}?text=The%20red%20bike" target="_blank" rel="noopener">Ask about this bike</a></p>`;
    const site = await startSite(t, () => shopPage({ url: business.url, widgets: { main: business.widget } }, { attributes: `data-links="all"`, body }));
    await window.open(`http://localhost:${new URL(site).port}/bikes?utm_source=google`);
    await until("the tag knows the number", () => window.evaluate("return Boolean(Object.values(window.Aurix?.widgets ?? {})[0]?.to)"));
    const address = await window.addressOpenedBy(() => window.click("link", "Ask about this bike"), /^https:\/\/wa\.me\//);
    assert.match(new URL(address).searchParams.get("text"), /^The red bike\nReference: O-[0-9A-Za-z]{7} /);
  });

  test("the chat on a site's page asks and is answered", async (t) => {
    const { channel_id: channel } = await business.command(["channel", "add", "web", "--project", business.project, "--name", "Juniper"]);
    const { widget_id: widget } = await business.command(["widget", "create", "--project", business.project, "--channel", channel]);
    const site = await startSite(t, () => shopPage({ url: business.url, widgets: { main: widget } }, { attributes: "data-chat" }));
    await window.open(`http://localhost:${new URL(site).port}/landing?utm_source=google`);
    const panel = `const panel = document.querySelector("aurix-chat")?.shadowRoot.querySelector(".panel");`;
    await until("the button", () => window.evaluate(`return !!document.querySelector("aurix-widget")`));
    await window.evaluate(`document.querySelector("aurix-widget").shadowRoot.querySelector("a").click()`);
    await until("the panel", () => window.evaluate(`${panel} return !!panel && !panel.querySelector(".note").hidden`));
    await window.evaluate(`${panel}
      const field = panel.querySelector("textarea");
      field.value = "Do you mend bells?";
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));`);
    await until("the answer", () => window.evaluate(`${panel} return panel.querySelectorAll(".log .m:not(.own)").length > 0`));
    const looks = await window.evaluate(`${panel}
      return [panel.querySelectorAll(".m.own").length, panel.querySelectorAll(".waits").length, getComputedStyle(panel).position, panel.matches(":popover-open")]`);
    assert.deepEqual(looks, [1, 0, "fixed", true]);
  });

  test("on the playground's phone, what the link wrote is seen whole", async (t) => {
    const demo = await startDemo();
    t.after(() => demo.stop());
    const { number } = await (await fetch(`${demo.url}/playground/state`)).json();
    const text = "Hello! I came from your page about tune-ups. ".repeat(4);
    await window.open(`${demo.url}/playground/phone/${number.replace(/\D/g, "")}?text=${encodeURIComponent(text)}`);
    await window.sees("Written by the link");
    const cropped = await window.evaluate("const field = document.querySelector('textarea'); return field.scrollHeight - field.clientHeight");
    assert.ok(cropped <= 1, `${cropped} pixels of it are hidden`);
  });
}

async function signIn(window, business) {
  await window.open(business.url);
  await window.type("Email", OWNER.email);
  await window.type("Password", OWNER.password);
  await window.click("button", "Sign in");
  await window.sees("Leads");
}
