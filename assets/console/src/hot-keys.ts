import { toggleRow } from "./select-rows";

const ROWS = ".table tbody th a[href], .people .entry";
const SHOWN = "console-rows";
const KEYS: [string, string][] = [
  ["j", "Next row, or next lead"],
  ["k", "Row before, or lead before"],
  ["Enter", "Open the row"],
  ["x", "Select the row"],
  ["r", "Reply"],
  ["t", "Take over"],
  ["/", "Search this list"],
  ["Ctrl K", "Go to a page or a person"],
  ["?", "These keys"],
];

/** Keys as commands, on lists and on what they lead to, where the person has not turned them off. Never while somebody types. */
export function hearKeys(): void {
  if (!("hotKeys" in document.body.dataset)) return;
  remember();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const done = { j: () => step(1), k: () => step(-1), x: toggleRow, r: reply, t: takeOver, "/": search, "?": help }[event.key]?.();
    if (done) event.preventDefault();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), select, textarea"));
}

function rows(): HTMLAnchorElement[] {
  return [...document.querySelectorAll<HTMLAnchorElement>(ROWS)].filter((row) => row.checkVisibility());
}

/** What a list shows: the keys go through it on the pages behind it, too. */
function remember(): void {
  const shown = rows().map((row) => new URL(row.href).pathname);
  if (shown.length > 0 && !shown.includes(location.pathname)) sessionStorage.setItem(SHOWN, JSON.stringify(shown));
}

function step(by: 1 | -1): boolean {
  const shown = rows();
  const onPage = document.querySelector(".table tbody th a[href]");
  if (onPage || (shown.length > 0 && !document.querySelector("#talk"))) {
    const at = shown.indexOf(document.activeElement as HTMLAnchorElement);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return true;
  }
  const paths = shown.length > 0 ? shown.map((row) => new URL(row.href).pathname) : (JSON.parse(sessionStorage.getItem(SHOWN) ?? "[]") as string[]);
  const next = paths[paths.indexOf(location.pathname) + by];
  if (!paths.includes(location.pathname) || !next) return false;
  location.assign(next);
  return true;
}

function reply(): boolean {
  const field = document.querySelector<HTMLElement>(".write textarea:not([readonly])");
  field?.focus();
  return field !== null;
}

function takeOver(): boolean {
  const button = document.querySelector<HTMLElement>(".write button[formaction$='/take-over']");
  button?.click();
  return button !== null;
}

function search(): boolean {
  const field = document.querySelector<HTMLInputElement>("main input[type=search]");
  field?.select();
  return field !== null;
}

function help(): boolean {
  const dialog = document.createElement("dialog");
  dialog.className = "menu keys";
  dialog.setAttribute("aria-label", "Keys");
  const list = document.createElement("dl");
  for (const [key, meaning] of KEYS) {
    const row = document.createElement("div");
    const name = document.createElement("dt");
    name.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    row.append(name, Object.assign(document.createElement("dd"), { textContent: meaning }));
    list.append(row);
  }
  const close = Object.assign(document.createElement("button"), { className: "btn", textContent: "Close", autofocus: true });
  close.addEventListener("click", () => dialog.close());
  const hint = Object.assign(document.createElement("p"), { className: "small muted", textContent: "Account turns the keys off." });
  dialog.append(Object.assign(document.createElement("h2"), { textContent: "Keys" }), list, hint, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return true;
}
