/** `<sortable-list for="ID">`: lets the items of that list be dragged by their `.grip`. Their order is the order of the form's fields. */
class SortableList extends HTMLElement {
  connectedCallback(): void {
    const list = document.getElementById(this.getAttribute("for") ?? "");
    if (!list) return;
    for (const grip of list.querySelectorAll<HTMLElement>(".grip")) this.prepare(list, grip);
  }

  private prepare(list: HTMLElement, grip: HTMLElement): void {
    const item = grip.closest("li");
    if (!item) return;
    grip.hidden = false;
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      item.classList.add("dragged");
    });
    grip.addEventListener("pointermove", (event) => {
      if (item.classList.contains("dragged")) this.move(list, item, event.clientY);
    });
    for (const end of ["pointerup", "pointercancel"]) grip.addEventListener(end, () => item.classList.remove("dragged"));
  }

  /** Puts the item where the pointer is: before the first one whose middle is below it. */
  private move(list: HTMLElement, item: HTMLElement, y: number): void {
    const others = [...list.children].filter((other) => other !== item);
    const next = others.find((other) => {
      const box = other.getBoundingClientRect();
      return y < box.top + box.height / 2;
    });
    if (next !== item.nextElementSibling) list.insertBefore(item, next ?? null);
  }
}

customElements.define("sortable-list", SortableList);
