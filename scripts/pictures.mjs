// Takes a picture of every page of the console, in three widths and both themes, for a person to look at: of a real `aurix demo`
// (AURIX_BIN) after a conversation held through the playground. Usage: npm run pictures [FOLDER] [-- PAGE…]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "../tests/browser/support/browser.mjs";
import { startDemo } from "../tests/browser/support/aurix.mjs";
import { converse } from "../tests/browser/support/playground.mjs";
import { consolePages, needAttention } from "../tests/browser/support/console.mjs";

const [folder = "target/pictures", ...wanted] = process.argv.slice(2).filter((word) => word !== "--");
const WIDTHS = [1440, 768, 390];

await mkdir(folder, { recursive: true });
const demo = await startDemo({ empty: false });
const browser = await launch();
try {
  await converse(browser, demo.url);
  await needAttention(browser, demo.url);
  const pages = (await consolePages(browser, demo.url)).filter(({ name }) => !wanted.length || wanted.includes(name));
  for (const colorScheme of ["light", "dark"]) {
    for (const width of WIDTHS) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      for (const { name, path } of pages) {
        await page.goto(demo.url + path);
        await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
      await context.close();
    }
  }
  console.log(`${pages.length} pages in ${folder}`);
} finally {
  await browser.close();
  await demo.stop();
}
