// A demo's console with something on every page.
import { startDemo } from "./aurix.mjs";
import { launch } from "./browser.mjs";
import { consolePages, needAttention } from "./console.mjs";
import { converse } from "./playground.mjs";

/** `{demo, browser, pages, stop()}`, after a conversation, and with things that need attention. */
export async function startShown() {
  const [demo, browser] = await Promise.all([startDemo(), launch()]);
  const stop = async () => {
    await browser.close();
    await demo.stop();
  };
  try {
    await converse(browser, demo.url);
    await needAttention(browser, demo.url);
    return { demo, browser, pages: await consolePages(browser, demo.url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
