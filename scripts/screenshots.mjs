// Takes the README's pictures of the playground and the console: a real `aurix demo` (AURIX_BIN), after a conversation held through
// its pages.
// Needs Chromium and the Inter font (Debian: chromium fonts-inter). Usage: npm run screenshots
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDemo } from "../tests/browser/support/aurix.mjs";
import { consolePages } from "../tests/browser/support/console.mjs";
import { answerUntilComplete, openPlayground } from "../tests/browser/support/playground.mjs";

const PICTURES = new URL("../docs/pictures/", import.meta.url).pathname;
/** Pages of the console that the README and its tour show, by their names in `consolePages`. */
const CONSOLE = { overview: "overview", "leads-one": "lead", form: "form", "integrations-webhook": "webhook", "channels-one": "channel" };
const VIEW = { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1.5, reducedMotion: "reduce" };

/** On a bare Linux the system's font is what fontconfig says it is. */
const FONTS = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<match target="pattern"><test qual="any" name="family"><string>system-ui</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
<match target="pattern"><test qual="any" name="family"><string>sans-serif</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match>
<match target="pattern"><test qual="any" name="family"><string>sans</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match></fontconfig>`;

const folder = await mkdtemp(join(tmpdir(), "aurix-pictures-"));
await writeFile(join(folder, "fonts.conf"), FONTS);
process.env.FONTCONFIG_FILE = join(folder, "fonts.conf");
const { launch } = await import("../tests/browser/support/browser.mjs");
const demo = await startDemo({ empty: false });
const browser = await launch();
try {
  await mkdir(PICTURES, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ ...VIEW, colorScheme });
    await converse(page);
    const name = colorScheme === "light" ? "playground.png" : "playground-dark.png";
    await page.screenshot({ path: PICTURES + name });
    await page.close();
    console.log(`docs/pictures/${name}`);
  }
  for (const { name, path } of await consolePages(browser, demo.url)) {
    if (!CONSOLE[name]) continue;
    const page = await browser.newPage({ ...VIEW, colorScheme: "light" });
    await page.goto(demo.url + path);
    await page.screenshot({ path: `${PICTURES}console-${CONSOLE[name]}.png` });
    await page.close();
    console.log(`docs/pictures/console-${CONSOLE[name]}.png`);
  }
} finally {
  await browser.close();
  await demo.stop();
  await rm(folder, { recursive: true });
}

/** From the ad to the complete lead, the phone turned back to the message that carries the reference. */
async function converse(page) {
  const { shop, phone } = await openPlayground(page, demo.url);
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByText("Written by the link").waitFor();
  await phone.getByRole("button", { name: "Send" }).click();
  await answerUntilComplete(page, phone);
  await page.locator("[data-event='lead.complete'] .verified").waitFor();
  await phone.locator("main").evaluate((chat) => chat.scrollTo(0, 0));
}
