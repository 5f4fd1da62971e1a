/** Something that can be gone to. */
interface Found {
  title: string;
  detail: string;
  href: string;
}

/** Milliseconds after the last key until people are looked for. */
const SEARCH_AFTER_MS = 150;
const LISTED_MAX = 12;

/**
 * `<command-menu src="ADDRESS">`: a button, also Ctrl-K, that opens a menu of the pages in the sidebar, then of the links inside the
 * element, and of what `ADDRESS?q=…` finds. Without script there is nothing to see.
 */
class CommandMenu extends HTMLElement {
  private readonly dialog = document.createElement("dialog");
  private readonly input = document.createElement("input");
  private readonly list = document.createElement("ul");
  private people: Found[] = [];
  private chosen = 0;
  private pending = 0;
  private asked = 0;

  connectedCallback(): void {
    if (this.dialog.isConnected) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "seek";
    const icon = this.querySelector("svg");
    const word = Object.assign(document.createElement("span"), { className: "wide", textContent: "Search" });
    const key = Object.assign(document.createElement("kbd"), { textContent: /Mac|iP/.test(navigator.platform) ? "⌘K" : "Ctrl K" });
    button.append(...(icon ? [icon] : []), word, key);
    button.addEventListener("click", () => this.open());
    this.prepare();
    this.append(button);
    document.body.append(this.dialog);
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      if (this.dialog.open) this.dialog.close();
      else this.open();
    });
  }

  private prepare(): void {
    this.dialog.className = "menu";
    this.dialog.setAttribute("aria-label", "Go to");
    this.list.id = "menu-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Pages and people");
    const attributes = { type: "text", role: "combobox", placeholder: "Page, name, number, reference", autocomplete: "off", maxlength: "100" };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
    for (const [name, value] of Object.entries({ expanded: "true", controls: "menu-list", label: "Go to a page or a person", autocomplete: "list" })) {
      this.input.setAttribute(`aria-${name}`, value);
    }
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.append(this.input, this.list);
  }

  private open(): void {
    document.querySelectorAll<HTMLElement>("[popover]:popover-open").forEach((popover) => popover.hidePopover());
    this.input.value = "";
    this.people = [];
    this.dialog.showModal();
    this.show();
  }

  private typed(): void {
    clearTimeout(this.pending);
    this.people = [];
    this.show();
    const text = this.input.value.trim();
    if (text.length > 1) this.pending = setTimeout(() => this.search(text), SEARCH_AFTER_MS);
  }

  private async search(text: string): Promise<void> {
    const asked = ++this.asked;
    const response = await fetch(`${this.getAttribute("src")}?q=${encodeURIComponent(text)}`).catch(() => null);
    if (!response?.ok) return;
    const people = (await response.json()) as Found[];
    // An answer to what was typed before is late.
    if (asked !== this.asked || text !== this.input.value.trim()) return;
    this.people = people;
    this.show();
  }

  /** Pages and commands whose name has every word that was typed. */
  private pages(): Found[] {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = [...document.querySelectorAll<HTMLAnchorElement>("#nav a[href]")];
    const links = [...all.filter((link) => !this.contains(link)), ...all.filter((link) => this.contains(link))];
    const seen = new Set<string>();
    return links
      .map((link) => ({ title: text(link), detail: "", href: link.href }))
      .filter(({ title, href }) => words.every((word) => title.toLowerCase().includes(word)) && seen.size < seen.add(href).size);
  }

  private show(): void {
    const found = [...this.people, ...this.pages()].slice(0, LISTED_MAX);
    this.list.replaceChildren(...found.map((one, at) => option(one, at)));
    if (found.length === 0) {
      const nothing = document.createElement("li");
      nothing.className = "muted";
      nothing.textContent = "Nothing found. A person is found by name, number, address or reference.";
      this.list.append(nothing);
    }
    this.choose(0);
  }

  private choose(at: number): void {
    const options = [...this.list.querySelectorAll<HTMLElement>("[role=option]")];
    this.chosen = options.length === 0 ? 0 : (at + options.length) % options.length;
    options.forEach((one, index) => one.setAttribute("aria-selected", String(index === this.chosen)));
    const chosen = options[this.chosen];
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) this.input.setAttribute("aria-activedescendant", chosen.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") this.choose(this.chosen + 1);
    else if (event.key === "ArrowUp") this.choose(this.chosen - 1);
    else if (event.key === "Enter") this.list.querySelectorAll<HTMLAnchorElement>("[role=option]")[this.chosen]?.click();
    else return;
    event.preventDefault();
  }
}

function option(found: Found, at: number): HTMLElement {
  const item = document.createElement("li");
  item.setAttribute("role", "none");
  const link = Object.assign(document.createElement("a"), { id: `menu-${at}`, href: found.href, tabIndex: -1 });
  link.setAttribute("role", "option");
  const title = Object.assign(document.createElement("span"), { className: "cut wide", textContent: found.title });
  const detail = Object.assign(document.createElement("span"), { className: "small muted cut", textContent: found.detail });
  link.append(title, detail);
  item.append(link);
  return item;
}

/** What stands on a link, without the counts beside it. */
function text(link: HTMLElement): string {
  return [...link.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent).join("").trim();
}

customElements.define("command-menu", CommandMenu);
