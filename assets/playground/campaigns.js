// The ads that a newcomer can arrive through, and the address bar that shows what an ad puts into the URL.
import { el } from "./dom.js";

const SHOP = "/playground/shop";
const SHOWN_HOST = "juniper-cycles.example";
const CAMPAIGNS = {
  "Google ad":
    "?utm_source=google&utm_campaign=spring-service&utm_medium=cpc&gclid=EAIaIQobChMIx8Kd2fXQhAMVDo9mAh0Rkw",
  "Instagram ad": "?utm_source=instagram&utm_campaign=commuters&utm_medium=paid_social&fbclid=IwZXh0bgNhZW0BMABhZGlk",
  Newsletter: "?utm_source=newsletter&utm_campaign=april&utm_medium=email",
  "No ad": "",
};

export function campaignChooser(root, shop) {
  const choose = (button) => {
    for (const other of root.children) other.setAttribute("aria-pressed", String(other === button));
    shop.src = SHOP + CAMPAIGNS[button.textContent];
  };
  for (const name of Object.keys(CAMPAIGNS)) {
    const button = el("button", { type: "button", "aria-pressed": "false" }, name);
    button.addEventListener("click", () => choose(button));
    root.append(button);
  }
  return { start: () => choose(root.firstElementChild) };
}

export function addressBar(root, shop) {
  shop.addEventListener("load", () => {
    const { pathname, search } = shop.contentWindow.location;
    root.replaceChildren(SHOWN_HOST + (pathname.slice(SHOP.length) || "/"), el("b", {}, search));
    root.title = SHOWN_HOST + pathname.slice(SHOP.length) + search;
  });
}
