// The part of the chat that every page has: loads the panel when the button is pressed, and says how much is unread.
import { load, save } from "./store.js";
import { deviceId, randomUuid } from "./device.js";

/** Where a visitor's token is kept. */
const KEY = "aurix.chat.";

/** Opens the panel, or closes it. Where it cannot be loaded, the link leads to the chat's own page. */
export async function openPanel(chat) {
  try {
    chat.panel ??= import(chat.base + "chat.js").then((module) => module.start(shared(chat)));
    (await chat.panel).toggle();
  } catch (error) {
    chat.panel = undefined;
    // There it would lead here again.
    if (chat.options.chat === "page") throw error;
    location.assign(chat.link.href);
  }
}

/** What the panel needs of this file: one storage, one memory. */
function shared(chat) {
  return {
    ...chat,
    uuid: randomUuid,
    device: deviceId(chat.keep),
    load: () => load(KEY + chat.id, chat.keep),
    save: (token) => save(KEY + chat.id, token, chat.keep),
  };
}

/** Asks how much is unread, where this browser has a chat, and only then. */
export async function showUnread(chat) {
  const hover = () => import(chat.base + "chat.js").catch(() => {});
  if (chat.options.chatPreload === "hover") chat.link.addEventListener("pointerenter", hover, { once: true });
  const token = load(KEY + chat.id, chat.keep);
  if (!token) return;
  try {
    const url = chat.base + "chat/" + encodeURIComponent(chat.id) + "/unread";
    const response = await fetch(url, { headers: { authorization: "Bearer " + token }, credentials: "omit" });
    if (response.ok) chat.badge?.((await response.json()).unread);
  } catch {
    // It is said when the panel is opened.
  }
}
