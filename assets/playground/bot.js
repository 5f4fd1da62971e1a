// What the chat does otherwise where the phone stands in for Telegram: a start button in place of a prefilled text, and what its keys do.
import { $, el } from "./dom.js";

const PATH = "/playground/phone/telegram/";

/** `undefined` in a chat of WhatsApp's. */
export function botChat(person, { send, shareNumber }) {
  if (!location.pathname.startsWith(PATH)) return undefined;
  const root = $("#suggestions");
  const composer = $("#composer");
  const hint = $("#hint");
  document.body.classList.add("telegram");
  $(".notice").textContent = "A stand-in for Telegram. Your messages reach the real webhook of the bot, with its secret, and stay on this machine.";

  const button = (text, press) => {
    const node = el("button", { type: "button" }, text);
    node.addEventListener("click", press);
    return node;
  };
  const start = (reference) => {
    root.replaceChildren();
    composer.hidden = false;
    hint.hidden = true;
    root.classList.remove("start");
    history.replaceState(null, "", location.pathname);
    send(`/start ${reference}`);
  };

  return {
    me: `tg:${person.wa_id}`,
    path: "/playground/telegram/send",
    presence: "bot",
    /** The link carries the reference unseen: the app shows a button in place of the field. */
    open(reference) {
      if (!reference) return;
      composer.hidden = true;
      hint.textContent = "The link carries the click’s reference unseen. Press Start, as people do in Telegram.";
      hint.hidden = false;
      root.classList.add("start");
      root.replaceChildren(button("Start", () => start(reference)));
      root.hidden = false;
    },
    press: (key) => (key.request_contact ? shareNumber() : send(key.text)),
  };
}
