// Puts the playground together: feeds what happens to the panes, and starts over for a new visitor.
import { addressBar, campaignChooser } from "./campaigns.js";
import { deliveryList } from "./deliveries.js";
import { $ } from "./dom.js";
import { feed } from "./feed.js";
import { journey } from "./journey.js";
import { leadPanel } from "./lead.js";
import { newPerson } from "./person.js";
import { panes } from "./panes.js";

const HOME_SCREEN = "/playground/phone";

const state = await (await fetch("/playground/state")).json();
const required = state.fields.filter((field) => field.required).map((field) => field.key);
const shop = $("#shop");
const phone = $("#phone");
const strip = journey($("#journey"));
const lead = leadPanel($("#lead"), state.fields);
const deliveries = deliveryList($("#deliveries"), $("#empty"));
const tabs = panes($(".tabs"), $("#unseen"));
const campaigns = campaignChooser($("#campaigns"), shop);

$("#listener-url").textContent = state.listener_url;
$("#reset").addEventListener("click", startOver);
addressBar($("#address"), shop);
phone.addEventListener("load", () => {
  if (phone.contentWindow.location.pathname.startsWith(`${HOME_SCREEN}/`)) tabs.show("phone");
});
feed.watch((now) => {
  $("#live").dataset.state = now;
  $("#live").textContent = now === "live" ? "Live" : "Connecting";
});
feed.listen(happened, window);
phone.src = HOME_SCREEN;
campaigns.start();

function happened({ kind, data }) {
  if (kind === "delivery") {
    deliveries.delivery(data);
    strip.delivery(data);
    tabs.arrived();
    if (data.event_type === "widget.click" && !shop.contentDocument?.querySelector("aurix-chat")) turnTo("phone");
  } else if (kind === "message") {
    strip.message(data);
  } else if (kind === "lead") {
    lead.lead(data);
    strip.lead(data, required);
    if (data.lead_status === "complete") turnTo("listener");
  }
}

/** Another person with another phone and another browser: a new device id, a new visit, a new reference. */
async function startOver() {
  await fetch("/playground/reset", { method: "POST" });
  feed.forget();
  forgetBrowser();
  newPerson();
  for (const view of [strip, lead, deliveries, tabs]) view.clear();
  turnTo("shop");
  phone.src = HOME_SCREEN;
  campaigns.start();
}

/** Lights the number of the pane where the newcomer goes on. */
function turnTo(pane) {
  document.body.dataset.turn = pane;
}

function forgetBrowser() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("aurix.")) localStorage.removeItem(key);
  } catch {
    // Storage is blocked: the widget keeps nothing either.
  }
}
