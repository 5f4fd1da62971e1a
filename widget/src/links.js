// The chat links that the site has already (`data-links="all"`). Those to the widget's own number or bot go through the click's URL at the
// press, with the text that they have. Until then, and where anything is amiss, they stay as the site made them.
import { clickLink } from "./click.js";

/** Where chat links lead: WhatsApp's hosts, then Telegram's. */
const HOST = /^(?:www\.)?(?:(wa\.me|(?:api|web)\.whatsapp\.com)|t\.me|telegram\.me)$/;
/** Characters of a text, and encoded ones: the whole address has to fit into what servers take. */
const TEXT_CHARS_MAX = 500;
const TEXT_ENCODED_MAX = 3000;

/** Learns which number or bot the widget opens: links elsewhere are left alone. */
export async function learnOwnChannel(widget) {
  const response = await fetch(widget.url + "/channel", { credentials: "omit" });
  if (response.ok) widget.to = (await response.json()).address;
}

/** Watches presses on links, and windows that scripts open. `pressed` notes a press on a widget; `quietly` keeps errors from the site. */
export function watchLinks(widgets, pressed, quietly) {
  const through = (href) => {
    const { to, text } = chatOf(href) || {};
    const widget = to && Object.values(widgets).find((one) => one.to === to);
    if (!widget) return;
    pressed(widget);
    return clickLink(widget) + (text && "&text=" + fit(text));
  };
  const passOn = (event) => {
    // Besides the first button only the middle one opens a link.
    if (event.defaultPrevented || event.button > 1) return;
    // Links in drawings have an object there.
    const link = event.composedPath().find((node) => typeof node.href === "string" && node.matches?.("a,area"));
    const own = link && through(link.href);
    if (!own) return;
    const before = link.getAttribute("href");
    link.href = own;
    // By then the browser goes there. The site finds its link as it was.
    setTimeout(() => link.setAttribute("href", before));
  };
  for (const kind of ["click", "auxclick"]) {
    // Behind all that the site does at a press: what counts links, or sets their addresses then, sees its own.
    addEventListener(kind, (event) => quietly(() => passOn(event)));
    // Where the site ends the event, that is the last moment.
    addEventListener(kind, (event) => quietly(() => beforeEnd(event, () => quietly(() => passOn(event)))), true);
  }
  const open = window.open;
  window.open = function (url, ...more) {
    return open.call(this, quietly(() => through(url)) || url, ...more);
  };
}

function beforeEnd(event, work) {
  for (const name of ["stopPropagation", "stopImmediatePropagation"]) {
    const end = event[name];
    event[name] = () => {
      work();
      end.call(event);
    };
  }
}

/** The digits or the bot that a chat link leads to, and its text; nothing where it is another link. */
function chatOf(href) {
  const url = new URL(href, location.href);
  const host = HOST.exec(url.hostname);
  if (!host) return;
  const [path, ...more] = decodeURIComponent(url.pathname).split("/").filter(Boolean);
  const name = more.length ? "" : path || "";
  const number = url.searchParams.get("phone") || name;
  return {
    to: host[1] ? number.replace(/\D/g, "").replace(/^0+/, "") : name.toLowerCase(),
    text: url.searchParams.get("text") || "",
  };
}

/** A text as a value of the query. */
function fit(text) {
  const letters = [...text].slice(0, TEXT_CHARS_MAX);
  const encoded = () => encodeURIComponent(letters.join(""));
  while (encoded().length > TEXT_ENCODED_MAX) letters.splice(-8);
  return encoded();
}
