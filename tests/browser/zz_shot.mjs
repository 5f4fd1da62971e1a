import { startBusiness } from "./support/aurix.mjs";
import { launch } from "./support/browser.mjs";
import { signIn } from "./support/console.mjs";
const t = { after() {}, diagnostic() {} };
const [business, browser] = await Promise.all([startBusiness(), launch()]);
const { page } = await signIn(t, browser, business);
const project = new URL(page.url()).pathname.split("/").slice(0, 3).join("/");
for (const path of (process.argv[2] ?? "").split(",")) for (const scheme of ["light", "dark"]) for (const width of [1440, 768, 390]) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 900 });
  await page.goto(business.url + project + path);
  if (process.argv[3]) await page.evaluate(process.argv[3]);
  await page.screenshot({ path: `/tmp/shots/${path.replace(/\W+/g, "-")}-${width}-${scheme}.png` });
}
await browser.close(); await business.stop();
process.exit(0);
