// The lead as the events build it: its status, and the fields as they become known.
import { el } from "./dom.js";
import { adName } from "./journey.js";

const STATUSES = ["active", "correlated", "complete"];

export function leadPanel(root, formFields) {
  let known = {};

  const draw = (lead) => {
    const fields = lead?.fields ?? {};
    root.replaceChildren(
      el("h3", { id: "lead-title" }, lead ? "Lead" : "No lead yet", statuses(lead?.lead_status)),
      el("dl", {}, ...formFields.flatMap((field) => row(field, fields[field.key], known[field.key]))),
      ...origin(lead),
    );
    known = fields;
  };
  draw();
  return {
    lead: draw,
    clear() {
      known = {};
      draw();
    },
  };
}

function statuses(current) {
  const at = STATUSES.indexOf(current);
  return el(
    "ol.statuses",
    { "aria-label": "Lead status" },
    ...STATUSES.map((status, index) => {
      const now = status === "complete" ? "complete" : "now";
      const state = index < at ? "done" : index === at ? now : "";
      return el("li", { "data-state": state, "aria-current": index === at && "step" }, status);
    }),
  );
}

function row(field, value, before) {
  const missing = value == null;
  const looks = missing ? "dd.missing" : value === before ? "dd" : "dd.fresh";
  const blank = field.required ? "Not known yet" : "Optional";
  return [el("dt", {}, title(field.key)), el(looks, { "data-field": field.key }, missing ? blank : String(value))];
}

function origin(lead) {
  const params = lead?.click?.parsed_params;
  if (!params) return [];
  return [el("p.origin", {}, "Came from ", el("b", {}, adName(params)))];
}

/** `preferred_day` as `Preferred day`. */
function title(key) {
  const words = key.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}
