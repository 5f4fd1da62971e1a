/** Milliseconds between two notes that somebody writes. */
const NOTE_EVERY_MS = 3000;

/**
 * `<textarea data-writing="ADDRESS">`: tells colleagues that somebody writes, and keeps what is typed until it is sent, also where the
 * page is left.
 */
export function keepDrafts(): void {
  for (const field of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-writing]")) keep(field);
}

function keep(field: HTMLTextAreaElement): void {
  const address = field.dataset["writing"]!;
  const draft = `draft:${address}`;
  if (field.value === "") field.value = sessionStorage.getItem(draft) ?? "";
  let noted = 0;
  field.addEventListener("input", () => {
    sessionStorage.setItem(draft, field.value);
    if (Date.now() - noted < NOTE_EVERY_MS) return;
    noted = Date.now();
    // Nothing is lost where this fails.
    fetch(address, { method: "POST" }).catch(() => undefined);
  });
  field.form?.addEventListener("submit", (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    if (!button?.hasAttribute("formaction")) sessionStorage.removeItem(draft);
  });
}
