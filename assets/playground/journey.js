// The strip that joins what happens in the three panes: ad click, reference, chat, lead.
import { $, el, phoneText } from "./dom.js";

const EMPTY = "Not yet";

export function journey(root) {
  let reference = null;
  let who = EMPTY;
  let linked = false;

  const show = (step, state, ...value) => {
    const station = $(`[data-step="${step}"]`, root);
    station.dataset.state = state;
    $(".value", station).replaceChildren(...value);
  };
  const chat = () => show("chat", linked ? "done" : "now", linked ? `${who}, linked` : who);
  const clear = () => {
    reference = null;
    who = EMPTY;
    linked = false;
    for (const step of ["click", "reference", "chat", "lead"]) show(step, "", EMPTY);
  };
  const clicked = ({ correlation_id, parsed_params }) => {
    if (reference && reference !== correlation_id) clear();
    reference = correlation_id;
    show("click", "done", adName(parsed_params));
    show("reference", "done", el("span.reference", {}, correlation_id));
  };

  return {
    clear,
    delivery({ event_type, body }) {
      if (event_type === "widget.click") clicked(body.data);
    },
    message({ person }) {
      who = person.startsWith("tg:") ? "Telegram" : phoneText(person);
      chat();
    },
    lead({ lead_status, fields, person }, required) {
      // Of the chat on the page nothing comes by the phone.
      if (who === EMPTY) who = person ? phoneText(person) : "On the page";
      linked = lead_status !== "active";
      chat();
      const known = required.filter((key) => fields[key] != null).length;
      if (lead_status === "complete") show("lead", "done", "Complete");
      else show("lead", "now", `${known} of ${required.length} answers`);
    },
  };
}

/** What the parameters say about where the person came from, in few words. */
export function adName(params) {
  const { utm_source, utm_campaign } = params ?? {};
  return [utm_source, utm_campaign].filter(Boolean).join(" · ") || "Direct visit";
}
