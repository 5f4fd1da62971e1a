// The console in Chromium: somebody who is signed in, its pages, found by its own links, and something for them to show.
import { createServer } from "node:http";
import { OWNER } from "./aurix.mjs";
import { visitor } from "./browser.mjs";
import { openPlayground } from "./playground.mjs";

/** A page that counts what its policy refuses, in `window.refused`. */
export async function strictPage(person) {
  const page = await person.newPage();
  await page.addInitScript(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
  });
  return page;
}

/** The browser of Mei, who is signed in and looks at her project: `{person, page}`. */
export async function signIn(t, browser, business, options) {
  const person = await visitor(t, browser, { viewport: { width: 1440, height: 900 }, ...options });
  const page = await person.newPage();
  await signInOn(page, business.url);
  return { person, page };
}

export async function signInOn(page, url) {
  await page.goto(url);
  await page.getByLabel("Email").fill(OWNER.email);
  await page.getByLabel("Password").fill(OWNER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Leads", exact: true }).waitFor();
}

/** Every page that a person reaches in the demo's project: a name for files, and its path. */
export async function consolePages(browser, url) {
  const page = await browser.newPage();
  try {
    await openProject(page, url);
    const project = new URL(page.url()).pathname.split("/").slice(0, 3).join("/");
    const nav = await page.locator("nav.side ul a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    const pages = nav.map((path) => ({ name: path.slice(project.length + 1).replaceAll("/", "-"), path }));
    for (const path of nav) pages.push(...(await rows(page, url, project, path)));
    // What stands below the page of one.
    for (const { name, path } of [...pages]) pages.push(...(BELOW[name] ?? []).map((below) => ({ name: `${name}-${below.replace(/\W+/g, "-")}`, path: `${path}/${below}` })));
    pages.push(...FURTHER.map((path) => ({ name: path.replaceAll(/[/?=]/g, "-"), path: `${project}/${path}` })));
    pages.push(...OWN.map((path) => ({ name: path.slice(1).replaceAll("/", "-"), path })));
    return pages;
  } finally {
    await page.close();
  }
}

const BELOW = { "integrations-webhook-one": ["edit", "template", "template?starter=amocrm"] };
const FURTHER = [
  ...["attention", "integrations/webhook/new", "api/reference", "leads/selected?lead=1", "form/texts", "settings/agent", "settings/alerts", "settings/audit", "widgets/new", "links/new", "links/ads?address=https://shop.example/%3Fad_id={creative}", "channels/new/whatsapp", "channels/new/telegram", "channels/new/web"],
  "integrations/webhook/new?for=attention",
];
const OWN = ["/projects", "/projects/new", "/account", "/instance", "/confirm", "/reset"];

/** How long a look at what needs attention and the stream of a tab take at most. */
export const NOTICED_MS_MAX = 15_000;

/** A receiver of webhooks on this machine that answers with `status`: `{url, status, got, stop()}`. */
export async function startReceiver(status = 200) {
  const receiver = { status, got: [] };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    receiver.got.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(receiver.status, { "content-type": "application/json" }).end('{"detail":"scripted"}');
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const stop = () => server.close();
  return Object.assign(receiver, { url: `http://127.0.0.1:${server.address().port}/hook`, stop });
}

/** Fills in the form of a webhook that is open, and saves it. `http:` on this machine is asked about. */
export async function saveWebhook(page, url, event) {
  await page.getByLabel("URL").fill(url);
  if (event) await page.getByRole("checkbox", { name: event }).check();
  await page.getByRole("button", { name: "Save" }).click();
  const anyway = page.getByRole("button", { name: "Save anyway" });
  const secret = page.getByText("aurix_").first();
  await Promise.any([anyway.waitFor(), secret.waitFor()]);
  if (await anyway.isVisible()) await anyway.click();
  await secret.waitFor();
}

/** Opens the demo's project. */
export async function openProject(page, url) {
  await page.goto(url + "/projects");
  await page.getByRole("link", { name: "Aurix demo", exact: true }).click();
}

/** Adds a webhook whose receiver wants no more, and waits until that needs attention. */
export async function needAttention(browser, url) {
  const receiver = await startReceiver(410);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  try {
    await openProject(page, url);
    await page.getByRole("link", { name: "Webhook", exact: true }).click();
    await page.getByRole("button", { name: "Add Webhook" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Old CRM");
    await saveWebhook(page, receiver.url, /^Widget click/);
    const other = await browser.newPage();
    const { shop } = await openPlayground(other, url);
    await shop.getByRole("link", { name: "Chat with us" }).click();
    await page.getByRole("link", { name: "Attention: 1" }).waitFor({ timeout: NOTICED_MS_MAX });
    await other.close();
  } finally {
    await page.close();
    receiver.stop();
  }
}

/** The first row of a list, where the page has one. */
async function rows(page, url, project, path) {
  await page.goto(url + path);
  const first = page.locator("main table tbody th a").first();
  if ((await first.count()) === 0) return [];
  const href = await first.getAttribute("href");
  return href?.startsWith(path + "/") ? [{ name: `${path.slice(project.length + 1).replaceAll("/", "-")}-one`, path: href }] : [];
}
