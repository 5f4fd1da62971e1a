// Chromium by the same verbs, so that one text of a scenario runs on every engine.
import { launch } from "../browser.mjs";

export async function startChromium() {
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  return { window: new ChromiumWindow(page), stop: () => browser.close() };
}

class ChromiumWindow {
  #page;

  constructor(page) {
    this.#page = page;
  }

  open(url) {
    return this.#page.goto(url);
  }

  click(role, name) {
    return this.#byRole(role, name).click();
  }

  type(label, text) {
    return this.#page.getByLabel(label, { exact: true }).fill(text);
  }

  isTicked(name) {
    return this.#byRole("checkbox", name).isChecked();
  }

  sees(text) {
    return this.#page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  evaluate(script) {
    return this.#page.evaluate(`(() => { ${script} })()`);
  }

  /** WhatsApp's host is unknown here, so the address is that of the request. */
  async addressOpenedBy(action, pattern) {
    const wanted = this.#page.context().waitForEvent("request", (request) => pattern.test(request.url()));
    const [opened, request] = await Promise.all([this.#page.waitForEvent("popup"), wanted, action()]);
    await opened.close();
    return request.url();
  }

  #byRole(role, name) {
    return this.#page.getByRole(role, { name, exact: true }).first();
  }
}
