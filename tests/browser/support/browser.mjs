// Debian's Chromium without a network: every host name resolves to nothing but this machine.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** The site's host: not Aurix's, and, being plain `http:` and no localhost, no secure context. */
export const SITE_HOST = "shop.test";
const WHATSAPP = "https://wa.me/";
// As in until.mjs.
const WAIT_MS_MAX = 45_000;

const LAUNCH = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--host-resolver-rules=MAP ${SITE_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
  ],
};

export const launch = () => chromium.launch(LAUNCH);

/** A new person's browser; the test fails at the end if a page of it complained. */
export async function visitor(t, browser, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  return watched(context);
}

/** A person whose browser forbids sites to store anything: local storage throws where it is touched. */
export async function visitorWithoutStorage(t) {
  const profile = await mkdtemp(join(tmpdir(), "aurix-profile-"));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await mkdir(join(profile, "Default"));
  await writeFile(join(profile, "Default", "Preferences"), JSON.stringify(settings));
  const context = await chromium.launchPersistentContext(profile, LAUNCH);
  t.after(async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  });
  return watched(context);
}

function watched(context) {
  context.setDefaultTimeout(WAIT_MS_MAX);
  const requests = [];
  const complaints = [];
  context.on("request", (request) => requests.push(request.url()));
  context.on("console", (message) => {
    // WhatsApp's site does not respond: a request for it is what the tests look for.
    if (message.type() === "error" && !message.location().url.startsWith(WHATSAPP)) complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(error.error().message));
  return { context, requests, complaints, newPage: () => context.newPage() };
}

/**
 * Does `click` and waits until the browser requests WhatsApp's page: `{reference, text, number, url, click}`, where `click` is
 * the URL on Aurix that redirected there.
 */
export async function clicked({ context }, click) {
  const requested = context.waitForEvent("request", {
    predicate: (request) => request.url().startsWith(WHATSAPP),
    timeout: WAIT_MS_MAX,
  });
  await click();
  const request = await requested;
  const url = new URL(request.url());
  const text = url.searchParams.get("text");
  return {
    url: url.href,
    number: url.pathname.slice(1),
    text,
    reference: /O-[0-9A-Za-z]{7}/.exec(text)?.[0],
    click: request.redirectedFrom()?.url(),
  };
}

export const hosts = (urls) => [...new Set(urls.map((url) => new URL(url).host))].sort();
