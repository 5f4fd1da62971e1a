// The chat links that a site has already: as five common plugins make them, they are counted with data-links="all", and keep their text.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer, WHATSAPP_NUMBER } from "./support/aurix.mjs";
import { clicked, launch, visitor } from "./support/browser.mjs";
import { button, shopPage, startSite } from "./support/site.mjs";

const ALL = { attributes: `data-links="all"` };
const SAID = "Hi! I'm interested in the *Red Bike* (é, 你好) – 50 % & more?";

let aurix;
let browser;
before(async () => ([aurix, browser] = await Promise.all([startServer(), launch()])));
after(async () => {
  await browser?.close();
  await aurix?.stop();
});

/** A visitor on a page of the shop, once the tag knows the widget's number. */
async function arrive(t, { path = "/", options, headers, isKnown = true, ...page } = {}) {
  const site = await startSite(t, () => shopPage(aurix, page), headers);
  const person = await visitor(t, browser, options);
  const tab = await person.newPage();
  await tab.goto(site + path);
  if (isKnown) await known(tab);
  return { person, tab };
}

const known = (tab) => tab.waitForFunction((id) => window.Aurix?.widgets[id]?.to, aurix.widgets.main);

/** `click` leads to the widget's number with the text, and is counted as a click on this page. */
async function counts({ person, tab }, click, said = SAID) {
  const page = tab.url();
  const chat = await clicked(person, click);
  assert.equal(chat.number, WHATSAPP_NUMBER);
  assert.ok(chat.text.startsWith(`${said}\nReference: ${chat.reference} (`), chat.text);
  const [row] = await aurix.attribution(chat.reference);
  assert.equal(row.click_url, page);
  return row;
}

const text = encodeURIComponent(SAID);

/** What plugins put on a page, in markup of this shape, and the element that a person presses. */
const PLUGINS = {
  // The button is no link: its script reads the settings and opens a window.
  Joinchat: {
    press: ".joinchat__button",
    body: `<div class="joinchat joinchat--right joinchat--show" data-settings='${JSON.stringify({ telephone: WHATSAPP_NUMBER, message_send: SAID }).replaceAll("'", "&#39;")}'>
      <div class="joinchat__button" role="button" tabindex="0" aria-label="Open chat"><div class="joinchat__button__open">💬</div></div></div>
      <script>document.querySelector(".joinchat__button").addEventListener("click", () => {
        const { telephone, message_send } = JSON.parse(document.querySelector(".joinchat").dataset.settings);
        window.open("https://wa.me/" + telephone + "?text=" + encodeURIComponent(message_send), "joinchat", "noopener");
      });</script>`,
  },
  // As above; on a desktop it goes to the web client.
  "Click to Chat": {
    press: ".ht_ctc_chat_style",
    body: `<div class="ht-ctc ht-ctc-chat ctc-analytics style-2" id="ht-ctc-chat" style="position:fixed;bottom:15px;right:100px;cursor:pointer">
      <div class="ht_ctc_style ht_ctc_chat_style"><div class="ctc_cta">WhatsApp us</div></div></div>
      <span class="ht_ctc_chat_data" data-number="${WHATSAPP_NUMBER}" data-pre_filled="${SAID.replaceAll("&", "&amp;")}"></span>
      <script>document.addEventListener("click", (event) => {
        if (!event.target.closest("#ht-ctc-chat")) return;
        const { number, pre_filled } = document.querySelector(".ht_ctc_chat_data").dataset;
        window.open("https://web.whatsapp.com/send?phone=" + number + "&text=" + encodeURIComponent(pre_filled), "_blank", "noopener");
      });</script>`,
  },
  // A link with icons in it.
  Chaty: {
    press: ".Whatsapp-channel svg",
    body: `<div class="chaty chaty-id-0"><div class="chaty-i-trigger single"><div class="chaty-channel Whatsapp-channel">
      <a href="https://web.whatsapp.com/send?phone=${WHATSAPP_NUMBER}&amp;text=${text}" target="_blank" rel="nofollow noopener" aria-label="WhatsApp" class="chaty-tooltip chaty-whatsapp-channel">
      <span class="chaty-icon"><svg width="54" height="54" viewBox="0 0 39 39"><circle cx="19" cy="19" r="19" fill="#49E670"/></svg></span></a></div></div></div>`,
  },
  // A link without an address: its script sets one at the press.
  "WP Social Chat": {
    press: ".qlwapp-toggle",
    body: `<div id="qlwapp" class="qlwapp qlwapp-bubble qlwapp-bottom-right"><div class="qlwapp-container">
      <a class="qlwapp-toggle" data-action="open" data-phone="${WHATSAPP_NUMBER}" data-message="${SAID.replaceAll("&", "&amp;")}" role="button" tabindex="0" target="_blank"><i class="qlwapp-icon">●</i><span class="qlwapp-text">How can I help you?</span></a></div></div>
      <script>document.addEventListener("click", (event) => {
        const link = event.target.closest("[data-action=open]");
        if (link) link.href = "https://api.whatsapp.com/send?phone=" + link.dataset.phone + "&text=" + encodeURIComponent(link.dataset.message);
      });</script>`,
  },
  // A button that is a plain link.
  "Elementor's button": {
    press: ".elementor-button-text",
    body: `<div class="elementor-element elementor-widget elementor-widget-button"><div class="elementor-widget-container"><div class="elementor-button-wrapper">
      <a class="elementor-button elementor-button-link elementor-size-sm" href="https://wa.me/+${WHATSAPP_NUMBER}?text=${text}" target="_blank" rel="nofollow"><span class="elementor-button-content-wrapper"><span class="elementor-button-text">Ask on WhatsApp</span></span></a></div></div></div>`,
  },
};

for (const [plugin, { press, body }] of Object.entries(PLUGINS)) {
  test(`the button of ${plugin} is counted, and keeps its text`, async (t) => {
    const visit = await arrive(t, { ...ALL, body, path: "/bikes?utm_source=google&gclid=G1" });
    const opened = visit.person.context.waitForEvent("page");
    const row = await counts(visit, () => visit.tab.locator(press).click());
    assert.deepEqual(row.parsed_params, { utm_source: "google", gclid: "G1" });
    assert.notEqual(await opened, visit.tab, "in a window of its own");
    const again = await clicked(visit.person, () => button(visit.tab).click());
    assert.equal(again.reference, row.correlation_id, "the same visitor presses the button of Aurix");
    assert.deepEqual(visit.person.complaints, []);
  });

  test(`the button of ${plugin} works as before where the tag does not take over links`, async (t) => {
    const { person, tab } = await arrive(t, { body, isKnown: false });
    await button(tab).waitFor();
    const asked = person.context.waitForEvent("request", (request) => /whatsapp\.com|wa\.me/.test(request.url()));
    await tab.locator(press).click();
    const url = new URL((await asked).url());
    assert.equal(url.searchParams.get("text"), SAID);
    assert.ok(!person.requests.some((one) => one.includes("/c/")), "Aurix is not asked");
  });
}

const link = (href, more = "") => `<a id="own" href="${href}" ${more}>Write to us</a>`;
const own = (tab) => tab.locator("#own");
const TO_US = new URL(`https://api.whatsapp.com/send/?phone=%2B${WHATSAPP_NUMBER}&text=${text}&type=phone_number&app_absent=0`).href;

test("a link is counted by a middle click, and by the keyboard", async (t) => {
  const { tab, person } = await arrive(t, { ...ALL, body: link(TO_US) });
  await own(tab).click({ button: "middle" });
  assert.equal((await aurix.clickOn(tab.url())).first_raw_url, tab.url());
  await own(tab).focus();
  await counts({ person, tab }, () => tab.keyboard.press("Enter"));
});

test("a link in the same window is counted, and one that a script adds later", async (t) => {
  const { tab, person } = await arrive(t, { ...ALL, body: `<div id="later"></div>` });
  await tab.evaluate((html) => (document.querySelector("#later").innerHTML = html), link(TO_US, `target="_self"`));
  await counts({ person, tab }, () => own(tab).click());
  assert.equal(person.context.pages().length, 1);
});

test("the site sees its own address before, at and after a press", async (t) => {
  const body = `${link(TO_US, `target="_blank"`)}<script>window.seen = [];
    for (const capture of [true, false]) document.addEventListener("click", (event) => seen.push(event.target.href), capture);</script>`;
  const { tab, person } = await arrive(t, { ...ALL, body });
  await counts({ person, tab }, () => own(tab).click());
  assert.deepEqual(await tab.evaluate(() => window.seen), [TO_US, TO_US]);
  await tab.waitForFunction((href) => document.querySelector("#own").getAttribute("href") === href, TO_US);
});

test("a site that ends the event loses nothing, and one that prevents it goes nowhere", async (t) => {
  const body = `${link(TO_US, `target="_blank" onclick="event.stopPropagation()"`)}<a id="off" href="${TO_US}" onclick="event.preventDefault()">Off</a>`;
  const { tab, person } = await arrive(t, { ...ALL, body });
  await tab.locator("#off").click();
  const opened = person.context.waitForEvent("page");
  await counts({ person, tab }, () => own(tab).click());
  await opened;
  assert.equal(person.context.pages().length, 2, "one window for one press");
});

test("links to other numbers, and links that are no chat, stay as they are", async (t) => {
  const hrefs = [
    "https://wa.me/6599999999?text=x",
    "https://wa.me/?text=share%20this",
    "https://wa.me/message/ABCDEF",
    `https://api.whatsapp.com/send?text=${WHATSAPP_NUMBER}`,
    `https://evil-wa.me/${WHATSAPP_NUMBER}`,
    `https://wa.me.evil.example/${WHATSAPP_NUMBER}`,
    `https://shop.example/?to=https://wa.me/${WHATSAPP_NUMBER}`,
    "https://t.me/other_bot",
    "https://t.me/share/url?url=x",
    "https://wa.me/%E0%A4%A",
    `tel:+${WHATSAPP_NUMBER}`,
    "http://[",
  ];
  const body = hrefs.map((href) => `<p><a class="other" href="${href}">x</a></p>`).join("");
  const drawing = `<svg width="9" height="9"><a href="https://wa.me/${WHATSAPP_NUMBER}"><rect id="drawn" width="9" height="9"/></a></svg>`;
  const { tab, person } = await arrive(t, { ...ALL, body: body + drawing });
  const seen = await tab.evaluate(() => {
    const at = [];
    // Behind everything else: where the press would go.
    addEventListener("click", (event) => {
      at.push(event.target.getAttribute("href"));
      event.preventDefault();
    });
    for (const one of document.querySelectorAll(".other")) one.click();
    const opened = [];
    const { open } = window;
    document.querySelector("#drawn").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    for (const nothing of [undefined, "", "about:blank"]) open(nothing)?.close();
    return at.slice(0, -1).concat(opened);
  });
  assert.deepEqual(seen, hrefs);
  assert.ok(!person.requests.some((one) => one.includes("/c/") && !one.endsWith("/channel")), "nothing is counted");
  assert.deepEqual(person.complaints, []);
});

test("without JavaScript, and where the tag may not ask, links work as before", async (t) => {
  const policy = { "content-security-policy": `default-src 'none'; script-src ${aurix.url}; style-src 'unsafe-inline'` };
  for (const visit of [{ options: { javaScriptEnabled: false } }, { headers: policy }]) {
    const { tab, person } = await arrive(t, { ...ALL, ...visit, body: link(`https://wa.me/${WHATSAPP_NUMBER}?text=${text}`), isKnown: false });
    if (visit.headers) await button(tab).waitFor();
    const chat = await clicked(person, () => own(tab).click());
    assert.equal(chat.text, SAID, "with its text, and no reference");
    assert.equal(chat.click, undefined);
  }
});

test("a very long text is cut, and a link without one has the widget's greeting", async (t) => {
  const long = "🚲 你好 ".repeat(400);
  const body = `${link(`https://wa.me/${WHATSAPP_NUMBER}?text=${encodeURIComponent(long)}`, `target="_blank"`)}<a id="bare" href="//wa.me/${WHATSAPP_NUMBER}" target="_blank">x</a>`;
  const { tab, person } = await arrive(t, { ...ALL, body });
  const chat = await clicked(person, () => own(tab).click());
  const [said] = chat.text.split("\nReference: ");
  assert.ok(long.startsWith(said) && said.length > 100, said);
  const bare = await clicked(person, () => tab.locator("#bare").click());
  assert.match(bare.text, /^Hello! I have a question\.\nReference: O-/);
  assert.equal(bare.reference, chat.reference);
});
