// Small tools for making page elements. Text goes in as text, never as HTML.

export const $ = (selector, root = document) => root.querySelector(selector);

/** `el("p.note", { title: "…" }, "text", child)`; a value of `undefined` or `false` leaves the attribute out. */
export function el(spec, attributes = {}, ...children) {
  const [name, ...classes] = spec.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of stroked paths. */
export function icon(viewBox, ...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", viewBox);
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

const REFERENCE = /(?<![0-9A-Za-z])O-[0-9A-Za-z]{7}(?![0-9A-Za-z])/g;

/** The text as nodes, every reference in it marked. */
export function withReferences(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(REFERENCE)) {
    nodes.push(text.slice(from, found.index), el("span.reference", {}, found[0]));
    from = found.index + found[0].length;
  }
  return [...nodes, text.slice(from)];
}

export const clockTime = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** `6591234567` as `+65 9123 4567`; other countries' numbers in groups of three. */
export function phoneText(digits) {
  const [, country, rest] = /^(65)?(\d*)$/.exec(digits.replace(/\D/g, "")) ?? [];
  if (country) return `+65 ${rest.replace(/^(\d{4})(?=\d)/, "$1 ")}`;
  return `+${(rest ?? "").replace(/(\d{3})(?=\d)/g, "$1 ")}`;
}
