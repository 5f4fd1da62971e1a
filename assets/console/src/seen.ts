/**
 * `hx-trigger="seen once"`: what waits until the page is looked at. A tab that was opened in the background would keep a stream open
 * that nobody looks at, and a browser opens six connections to an address: six such tabs would leave none for the seventh.
 */
export function tellWhenSeen(): void {
  document.addEventListener("htmx:after:process", tell);
  document.addEventListener("visibilitychange", tell);
}

function tell(): void {
  if (document.hidden) return;
  for (const element of document.querySelectorAll('[hx-trigger^="seen"]')) element.dispatchEvent(new Event("seen"));
}
