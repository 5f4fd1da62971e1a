// A browser by the commands of the WebDriver standard, whatever carries them there: a few verbs, elements by role and name only.
import { until } from "../until.mjs";

/** Where elements of a role are looked for; the browser says which of them have it, and their names. */
const TAGS = {
  button: "button, summary, [role=button]",
  checkbox: "input[type=checkbox]",
  link: "a[href]",
};
const FIELDS = "input, textarea, select";

/** Shown elements of these tags, in shadow trees too, that may be called so: their text or a label has these words. */
const CANDIDATES = `
  const [tags, words] = arguments;
  const found = [];
  const flat = (text) => (text ?? "").replace(/\\s+/g, " ");
  const walk = (tree) => {
    for (const element of tree.querySelectorAll("*")) {
      if (element.shadowRoot) walk(element.shadowRoot);
      if (!element.matches(tags) || !element.checkVisibility({ visibilityProperty: true })) continue;
      const texts = [element.textContent, element.getAttribute("aria-label"), ...[...(element.labels ?? [])].map((label) => label.textContent)];
      if (texts.some((text) => flat(text).includes(words))) found.push(element);
    }
  };
  walk(document);
  return found;`;

/** Its window, driven by `command(name, parameters)`, a command of the standard. */
export class WebDriverWindow {
  #command;

  constructor(command) {
    this.#command = command;
  }

  open(url) {
    return this.#command("Navigate", { url });
  }

  /** Presses the first element of that role and name; a pattern need match a part of the name only. */
  click(role, name) {
    return this.#act(role, name, (id) => this.#command("ElementClick", { id }));
  }

  /** Writes into the field of that label, in place of what is there. */
  type(label, text) {
    return this.#act(undefined, label, async (id) => {
      await this.#command("ElementClear", { id });
      await this.#command("ElementSendKeys", { id, text });
    });
  }

  isTicked(name) {
    return this.#act("checkbox", name, async (id) => ({ ticked: await this.#command("IsElementSelected", { id }) })).then(({ ticked }) => ticked);
  }

  /** Waits until the page shows the text, or something that the pattern matches. */
  async sees(text) {
    let shown = "";
    await until(
      () => `"${text}"; the page shows:\n${shown}`,
      async () => {
        shown = await this.evaluate("return document.body?.innerText ?? ''").catch(() => "");
        return typeof text === "string" ? shown.includes(text) : text.test(shown);
      },
    );
  }

  evaluate(script) {
    return this.#command("ExecuteScript", { script, args: [] });
  }

  /** Does `action`, and gives the address of the window that it opens, once it is one that the pattern matches. */
  async addressOpenedBy(action, pattern) {
    const own = await this.#command("GetWindowHandle");
    const before = await this.#command("GetWindowHandles");
    await action();
    const opened = await until("another window", async () => {
      const handles = await this.#command("GetWindowHandles");
      return handles.find((handle) => !before.includes(handle));
    });
    await this.#command("SwitchToWindow", { handle: opened });
    let address;
    await until(
      () => `an address like ${pattern}; it is ${address}`,
      async () => pattern.test((address = await this.#command("GetCurrentURL"))),
    );
    await this.#command("CloseWindow");
    await this.#command("SwitchToWindow", { handle: own });
    return address;
  }

  /** Does `act` with the element; again while the page is changing under it. */
  async #act(role, name, act) {
    let failure = "nothing is called so";
    return until(
      () => `a ${role ?? "field"} called ${name}: ${failure}`,
      async () => {
        try {
          const id = await this.#find(role, name);
          return id && ((await act(id)) ?? true);
        } catch (error) {
          failure = error.message;
          return false;
        }
      },
    );
  }

  async #find(role, name) {
    const words = typeof name === "string" ? name : "";
    const candidates = await this.#command("ExecuteScript", { script: CANDIDATES, args: [TAGS[role] ?? FIELDS, words] });
    for (const id of candidates.flatMap(Object.values)) {
      const called = (await this.#command("GetComputedLabel", { id })).replace(/\s+/g, " ").trim();
      if (typeof name === "string" ? called !== name : !name.test(called)) continue;
      if (!role || (await this.#command("GetComputedRole", { id })) === role) return id;
    }
    return undefined;
  }
}
