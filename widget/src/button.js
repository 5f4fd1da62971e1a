// The floating button: a plain link in a shadow root, where the site's CSS does not reach it.
import { styles } from "./styles.js";

const SVG = "http://www.w3.org/2000/svg";
const BUBBLE = "M12 2.5a9.5 9.5 0 0 0-8.2 14.3L2.5 21.5l4.8-1.2A9.5 9.5 0 1 0 12 2.5Z";
const HANDSET = "M9.2 8.3c-.7 2.6 3.9 7.2 6.5 6.5";
const DOTS = "M8 12h.01M12 12h.01M16 12h.01";

/** Styles `link` as the button and adds it to the page. Gives what shows a number of unread messages on it. */
export function drawButton(link, { label, position, color }, hasChat) {
  const host = document.createElement("aurix-widget");
  const root = host.attachShadow({ mode: "open" });
  link.setAttribute("aria-label", label || "Chat with us");
  link.append(icon(hasChat ? DOTS : HANDSET));
  if (label) link.append(Object.assign(document.createElement("span"), { textContent: label }));
  applyStyles(root, styles(position === "left" ? "left" : "right", color && CSS.supports("color", color) ? color : ""));
  root.append(link);
  if (hasChat) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-haspopup", "dialog");
    link.setAttribute("aria-expanded", "false");
    link.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      link.click();
    });
  }
  // Not in the body: pages replace it, and a transform on it would move fixed elements.
  document.documentElement.append(host);
  const badge = document.createElement("b");
  return (unread) => {
    badge.textContent = unread || "";
    if (unread) link.append(badge);
    else badge.remove();
  };
}

/** A constructed sheet is allowed by `style-src 'self'`; an element is for browsers without it. */
function applyStyles(root, css) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(Object.assign(document.createElement("style"), { textContent: css }));
  }
}

/** Built node by node, since Trusted Types forbid `innerHTML`. */
function icon(inside) {
  const svg = shape("svg", { viewBox: "0 0 24 24", "aria-hidden": true });
  svg.append(shape("path", { d: BUBBLE }), shape("path", { d: inside, class: "handset" }));
  return svg;
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  return node;
}
