// The bubbles of the chat. `in` and `out` are the business's view: what the person wrote is `in` and stands on the right.
import { $, clockTime, el, icon, withReferences } from "./dom.js";

const TYPING_MS_MAX = 15_000;
const TICKS = ["m1.500 6.500 3 3 6-7", "m6.500 8.700.8.8 6-7"];
const ORDER = ["sending", "sent", "delivered", "read"];

export function messageList(list, scroller) {
  const shown = new Map();
  let typing;
  let typingOver;

  const add = (bubble) => {
    list.append(bubble);
    if (typing && bubble !== typing) list.append(typing);
    scroller.scrollTop = scroller.scrollHeight;
    return bubble;
  };
  const stopTyping = () => {
    clearTimeout(typingOver);
    typing?.remove();
    typing = undefined;
  };
  const awaited = (text) => [...list.children].find((bubble) => bubble.dataset.awaited === text);

  return {
    /** Shows what is on its way; the stream's copy of it takes the bubble over. */
    sending(text) {
      const bubble = add(bubbleOf({ direction: "in", text, at: Date.now(), status: "sending" }));
      bubble.dataset.awaited = text;
      return bubble;
    },
    sent: (bubble) => mark(bubble, "sent"),
    failed(bubble) {
      delete bubble.dataset.awaited;
      $(".meta", bubble).replaceChildren(el("span.failed", {}, "Not sent. The server did not respond."));
    },
    message(message) {
      const { id, direction, text, status } = message;
      const bubble = shown.get(id) ?? (direction === "in" && awaited(text)) ?? undefined;
      if (direction === "out") {
        stopTyping();
        for (const own of list.querySelectorAll(".in")) mark(own, "read");
      }
      if (bubble) {
        delete bubble.dataset.awaited;
        mark(bubble, status);
        shown.set(id, bubble);
      } else {
        shown.set(id, add(bubbleOf(message)));
      }
    },
    typing() {
      stopTyping();
      typing = add(el("li.bubble.out.typing", { "aria-hidden": "true" }, el("i"), el("i"), el("i")));
      typingOver = setTimeout(stopTyping, TYPING_MS_MAX);
    },
  };
}

function bubbleOf({ direction, text, at, status }) {
  const meta = el("span.meta", {}, el("time", {}, clockTime(at)));
  const bubble = el(`li.bubble.${direction}`, {}, ...withReferences(text), meta);
  if (direction === "in") {
    const ticks = icon("0 0 17 12", ...TICKS);
    ticks.setAttribute("class", "ticks");
    meta.append(ticks);
    mark(bubble, status);
  }
  return bubble;
}

/** Ticks never go back. */
function mark(bubble, status) {
  const ticks = $(".ticks", bubble);
  if (!ticks || ORDER.indexOf(status) < ORDER.indexOf(ticks.dataset.status)) return;
  ticks.dataset.status = status;
}
