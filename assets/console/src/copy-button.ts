/** `<copy-button for="ID" label="Copy">`: a button that copies the text of that element, and says so. */
class CopyButton extends HTMLElement {
  connectedCallback(): void {
    if (this.firstElementChild || !navigator.clipboard) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn small";
    const label = this.getAttribute("label") ?? "Copy";
    button.textContent = label;
    const said = document.createElement("span");
    said.className = "sr";
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.text());
      button.textContent = "Copied";
      said.textContent = "Copied";
      setTimeout(() => {
        button.textContent = label;
        said.textContent = "";
      }, 2000);
    });
    this.append(button, said);
  }

  private text(): string {
    const source = document.getElementById(this.getAttribute("for") ?? "");
    const value = source instanceof HTMLInputElement ? source.value : source?.textContent;
    return (value ?? "").trim();
  }
}

customElements.define("copy-button", CopyButton);
