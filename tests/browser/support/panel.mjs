// The chat's panel on a page, as a visitor uses it.
import { until } from "./until.mjs";

/** The panel of a page. */
export function panelOf(tab) {
  const panel = tab.locator("aurix-chat .panel");
  const field = panel.locator("textarea");
  const texts = () => panel.locator(".m").evaluateAll((all) => all.map((one) => one.textContent));
  return {
    panel,
    field,
    button: tab.locator("aurix-widget a"),
    messages: panel.locator(".m"),
    texts,
    /** Opens it, and waits until the chat is there. */
    async open() {
      await tab.locator("aurix-widget a").click();
      await panel.locator(".note").waitFor();
    },
    async says(text) {
      await field.fill(text);
      await field.press("Enter");
    },
    /** Waits for a message with that text, as often as it stands there. */
    sees: (text, times = 1) =>
      until(`${text}, ${times} times`, async () => (await texts()).filter((one) => one.includes(text)).length === times),
    /** Waits until that many messages are there. */
    has: (count) => until(`${count} messages`, async () => (await texts()).length >= count),
  };
}
