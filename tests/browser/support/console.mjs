// The pages of the console, found by its own links.

/** Every page that a person reaches in the demo's project: a name for files, and its path. */
export async function consolePages(browser, url) {
  const page = await browser.newPage();
  try {
    await page.goto(url + "/projects");
    await page.getByRole("link", { name: "Aurix demo" }).click();
    const project = new URL(page.url()).pathname.split("/").slice(0, 3).join("/");
    const nav = await page.locator("nav.side a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    const pages = nav.map((path) => ({ name: path.slice(project.length + 1).replaceAll("/", "-"), path }));
    for (const path of nav) pages.push(...(await rows(page, url, project, path)));
    // What stands below the page of one.
    for (const { name, path } of [...pages]) pages.push(...(BELOW[name] ?? []).map((below) => ({ name: `${name}-${below.replace(/\W+/g, "-")}`, path: `${path}/${below}` })));
    pages.push(...FURTHER.map((path) => ({ name: path.replaceAll("/", "-"), path: `${project}/${path}` })));
    pages.push(...OWN.map((path) => ({ name: path.slice(1).replaceAll("/", "-"), path })));
    return pages;
  } finally {
    await page.close();
  }
}

const BELOW = { "integrations-webhook-one": ["edit", "template", "template?starter=amocrm"] };
const FURTHER = ["integrations/webhook/new", "api/reference", "settings/audit", "widgets/new", "channels/new/whatsapp"];
const OWN = ["/projects", "/projects/new", "/account", "/instance", "/confirm"];

/** The first row of a list, where the page has one. */
async function rows(page, url, project, path) {
  await page.goto(url + path);
  const first = page.locator("main table tbody th a").first();
  if ((await first.count()) === 0) return [];
  const href = await first.getAttribute("href");
  return href?.startsWith(path + "/") ? [{ name: `${path.slice(project.length + 1).replaceAll("/", "-")}-one`, path: href }] : [];
}
