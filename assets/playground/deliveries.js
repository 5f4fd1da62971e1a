// The deliveries that reached the built-in listener, newest first: what came, and that its signature was right.
import { el, icon } from "./dom.js";
import { jsonView } from "./json.js";

const CARDS_MAX = 60;
const TITLES = {
  "widget.click": "Someone clicked the button",
  "lead.correlated": "The chat is linked to the click",
  "lead.created": "The person has left their details",
  "lead.complete": "Everything asked for is known",
};

export function deliveryList(root, empty) {
  const shown = new Set();

  return {
    delivery(delivery) {
      const id = `${delivery.id}/${delivery.attempt}`;
      if (shown.has(id)) return;
      shown.add(id);
      empty.hidden = true;
      for (const payload of root.querySelectorAll("details.payload")) payload.open = false;
      root.prepend(card(delivery));
      if (root.children.length > CARDS_MAX) root.lastElementChild.remove();
    },
    clear() {
      shown.clear();
      root.replaceChildren();
      empty.hidden = false;
    },
  };
}

function card({ event_type, received_at, verified, signature, headers, body, attempt }) {
  return el(
    "li.delivery",
    { "data-event": event_type },
    el(
      "header",
      {},
      el("h4.title", {}, TITLES[event_type] ?? event_type, when(received_at)),
      el("p.facts", {}, el("span.badge", {}, event_type), verdict(verified), `attempt ${attempt}`),
    ),
    el("details.payload", { open: true }, el("summary", {}, "Payload"), jsonView(body)),
    el("details", {}, el("summary", {}, "Request headers"), headerList(headers, signature)),
  );
}

function when(at) {
  return el("time", { datetime: at }, new Date(at).toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" }));
}

function verdict(verified) {
  if (!verified) return el("span.unverified", {}, "Signature does not match");
  return el("span.verified", {}, icon("0 0 16 16", "m3 8.5 3.2 3.2L13 4.8"), "Signature verified");
}

function headerList(headers, signature) {
  const rows = Object.entries(headers).map(([name, value]) => {
    const looks = signature && value === signature ? "dd.signature" : "dd";
    return el("div", {}, el("dt", {}, `${name}: `), el(looks, {}, value));
  });
  return el("dl.headers", {}, ...rows);
}
