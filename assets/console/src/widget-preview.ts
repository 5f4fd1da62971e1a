/**
 * `<widget-preview form="ID" for="ID">`: shows in the frame `for` what stands in the form, as it is typed, on a phone or a desktop,
 * on a light or a dark page. Without script the frame shows what was saved.
 */
class WidgetPreview extends HTMLElement {
  private readonly choices = { width: "phone", page: "light" };
  private pending = 0;

  connectedCallback(): void {
    this.className = "row";
    this.append(this.choice("width", ["phone", "desktop"], "Screen"), this.choice("page", ["light", "dark"], "Page"));
    document.getElementById(this.getAttribute("form") ?? "")?.addEventListener("input", () => this.later());
    this.show();
  }

  private choice(name: "width" | "page", values: string[], label: string): HTMLElement {
    const group = document.createElement("fieldset");
    group.className = "seg small";
    group.setAttribute("aria-label", label);
    for (const value of values) {
      const input = Object.assign(document.createElement("input"), { type: "radio", name: `preview-${name}`, value });
      input.checked = this.choices[name] === value;
      input.addEventListener("change", () => {
        this.choices[name] = value;
        this.show();
      });
      const text = document.createElement("label");
      text.append(input, value[0]!.toUpperCase() + value.slice(1));
      group.append(text);
    }
    return group;
  }

  private later(): void {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.show(), 300);
  }

  private show(): void {
    const frame = document.getElementById(this.getAttribute("for") ?? "");
    const form = document.getElementById(this.getAttribute("form") ?? "");
    if (!(frame instanceof HTMLIFrameElement) || !(form instanceof HTMLFormElement)) return;
    const data = new FormData(form);
    const url = new URL(frame.src);
    for (const name of ["label", "color", "side"]) url.searchParams.set(name, String(data.get(name) ?? ""));
    url.searchParams.set("page", this.choices.page);
    frame.classList.toggle("phone", this.choices.width === "phone");
    if (frame.src !== url.href) frame.src = url.href;
  }
}

customElements.define("widget-preview", WidgetPreview);
