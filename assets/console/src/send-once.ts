/** After so long without a response, a form may be sent again: the connection is gone, or somebody pressed Stop. */
const WAIT_MS = 10_000;

/** Keeps a form from being sent a second time while the response to the first is on its way: a double click, or a slow line. */
export function sendFormsOnce(): void {
  const sentAt = new WeakMap<HTMLFormElement, number>();
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.method !== "post") return;
    const now = Date.now();
    if (now - (sentAt.get(form) ?? 0) < WAIT_MS) event.preventDefault();
    else sentAt.set(form, now);
  });
  // Back: the page as it was left, with forms to be sent anew.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.forms) sentAt.delete(form);
  });
}
