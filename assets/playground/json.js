// JSON as coloured, indented text.
import { el, withReferences } from "./dom.js";

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g;

export function jsonView(value) {
  const text = JSON.stringify(value, null, 2);
  const pre = el("pre", { tabindex: "0", "aria-label": "Payload" });
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [token, string, colon] = found;
    pre.append(text.slice(from, found.index));
    if (colon) pre.append(el("span.json-key", {}, string), colon);
    else if (string) pre.append(el("span.json-text", {}, ...withReferences(string)));
    else pre.append(el("span.json-other", {}, token));
    from = found.index + token.length;
  }
  pre.append(text.slice(from));
  return pre;
}
