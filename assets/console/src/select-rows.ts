const BOX = "tbody .pick input";

/** Tables whose rows can be ticked: one box for all rows of the page, and how many are ticked. */
export function countSelected(): void {
  const table = document.querySelector<HTMLTableElement>("table[data-select]");
  const said = document.querySelector<HTMLElement>("[data-selected]");
  const head = table?.querySelector("thead .pick");
  if (!table || !said || !head) return;
  const all = Object.assign(document.createElement("input"), { type: "checkbox" });
  all.setAttribute("aria-label", "Select this page");
  head.append(all);
  const boxes = [...table.querySelectorAll<HTMLInputElement>(BOX)];
  const count = (): void => {
    const ticked = boxes.filter((box) => box.checked).length;
    said.textContent = `${ticked} selected`;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    count();
  });
  table.addEventListener("change", count);
  boxes[0]?.form?.addEventListener("reset", () => setTimeout(count));
  // Back brings ticks along.
  window.addEventListener("pageshow", count);
  count();
}

/** Ticks or unticks the row that has the focus. */
export function toggleRow(): boolean {
  const box = document.activeElement?.closest("tr")?.querySelector<HTMLInputElement>(".pick input");
  box?.click();
  return box instanceof HTMLInputElement;
}
