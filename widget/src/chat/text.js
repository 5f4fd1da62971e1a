// What people write, as nodes: text is never read as HTML, and of addresses only those of the web become links.

const ADDRESS = /https?:\/\/[^\s<>"'`]+/gi;
/** Signs that end a sentence rather than an address. */
const BEHIND = /[.,:;!?)\]}'"»”’。，！？、）]+$/;

/** Appends a text to a node, with its addresses as links. */
export function appendText(node, text) {
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(BEHIND, "");
    const url = parse(address);
    if (!url) continue;
    node.append(text.slice(at, match.index), link(url, address));
    at = match.index + address.length;
  }
  node.append(text.slice(at));
}

function parse(address) {
  try {
    const url = new URL(address);
    return /^https?:$/.test(url.protocol) && url.hostname ? url.href : "";
  } catch {
    return "";
  }
}

function link(href, text) {
  return Object.assign(document.createElement("a"), { href, textContent: text, target: "_blank", rel: "noopener nofollow" });
}
