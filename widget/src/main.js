// Starts the widget: finds its script tags, mounts one button for each widget id, and listens for the site's own buttons.
// Nothing here may ever throw into the site: each entrance from outside goes through `quietly`.
import { drawButton } from "./button.js";
import { clickBody, clickLink, postClick } from "./click.js";
import { currentVisit } from "./visit.js";

const OPENER = "[data-aurix-open]";
/** What may come before a press that follows the link: the link is made fresh at each of them. */
const BEFORE_PRESS = ["pointerdown", "focusin", "click"];

/** One per page, shared by however many copies of this script the page loads. */
let page = window.Aurix;

quietly(() => {
  const first = !page?.widgets;
  if (first) page = window.Aurix = { widgets: {}, open, click };
  for (const tag of scriptTags()) quietly(() => mount(tag));
  if (first) for (const kind of BEFORE_PRESS) addEventListener(kind, (event) => quietly(() => beforePress(event)), true);
});

function scriptTags() {
  const own = document.currentScript; // null in a module
  return own && widgetId(own) ? [own] : [...document.querySelectorAll("script[data-widget]")];
}

/** Tag managers that drop `data-` attributes can put the id in the address: `widget.js?widget=…`. */
function widgetId(tag) {
  return tag.dataset.widget || new URL(tag.src).searchParams.get("widget");
}

function mount(tag) {
  const id = widgetId(tag);
  if (!id || !tag.src || page.widgets[id]) return;
  const options = tag.dataset;
  const keep = options.storage !== "none";
  const widget = {
    url: new URL("c/" + encodeURIComponent(id), tag.src).href,
    visit: currentVisit(keep),
    keep,
    link: document.createElement("a"),
  };
  page.widgets[id] = widget;
  aim(widget.link, widget, options.target);
  if (options.button !== "none") drawButton(widget.link, options);
}

/** Points a link at the click's address as of now. `_blank` gets no opener; a named window has to be found by its name. */
function aim(link, widget, target = link.target || "_blank") {
  link.href = clickLink(widget);
  link.target = target;
  link.rel = target === "_blank" ? "nofollow noopener" : "nofollow";
}

function beforePress(event) {
  for (const widget of Object.values(page.widgets)) aim(widget.link, widget);
  const own = event.composedPath().find((node) => node.matches?.(OPENER));
  const widget = own && find(own.dataset.aurixOpen);
  if (!widget) return;
  if (own.tagName === "A") aim(own, widget, own.target || widget.link.target);
  else if (event.type === "click") open(own.dataset.aurixOpen);
}

/** Without an id: the first widget of the page. */
function find(id) {
  return page.widgets[id] || (id ? undefined : Object.values(page.widgets)[0]);
}

/** `Aurix.open()`: what a press on the button does. */
function open(id) {
  const widget = find(id);
  if (!widget) return;
  aim(widget.link, widget);
  widget.link.click();
}

/** `Aurix.click()`: records a click without leaving the page; resolves to `{correlation_id, redirect_url}`. */
async function click(id) {
  const widget = find(id);
  return postClick(widget.url, clickBody(widget));
}

function quietly(work) {
  try {
    return work();
  } catch {
    // The site goes on as if we were not there.
  }
}
