// Starts the widget: finds its script tags, mounts one button per widget id, and handles clicks on the site's own buttons.
// Nothing may throw into the site: every entry point goes through `quietly`.
import { drawButton } from "./button.js";
import { openPanel, showUnread } from "./chat.js";
import { clickBody, clickLink, postClick } from "./click.js";
import { keepDevice } from "./device.js";
import { learnOwnChannel, watchLinks } from "./links.js";
import { currentVisit } from "./visit.js";

const OPENER = "[data-aurix-open]";
/** Events that may precede a click: the link is rebuilt at each of them. */
const BEFORE_CLICK = ["pointerdown", "focusin", "click"];

/** One per page, shared by all copies of this script. */
let page = window.Aurix;

quietly(() => {
  const first = !page?.widgets;
  if (first) page = window.Aurix = { widgets: {}, open, click };
  for (const tag of scriptTags()) quietly(() => mount(tag));
  if (first) for (const kind of BEFORE_CLICK) addEventListener(kind, (event) => quietly(() => beforeClick(event)), true);
});

function scriptTags() {
  const own = document.currentScript; // null in a module
  return own && widgetId(own) ? [own] : [...document.querySelectorAll("script[data-widget]")];
}

/** For tag managers that drop `data-` attributes, the id may be in the URL: `widget.js?widget=…`. */
function widgetId(tag) {
  return tag.dataset.widget || new URL(tag.src).searchParams.get("widget");
}

function mount(tag) {
  const id = widgetId(tag);
  if (!id || !tag.src || page.widgets[id]) return;
  const options = tag.dataset;
  const hasChat = options.chat !== undefined;
  const keep = options.storage !== "none";
  // A chat stores nothing before it is opened, nor does any button that is told so.
  const { visit, touch } = currentVisit(keep, keep && (hasChat ? options.storage === "visit" : options.storage !== "press"));
  const widget = { id, url: new URL("c/" + encodeURIComponent(id), tag.src).href, visit, touch, keep, link: document.createElement("a") };
  page.widgets[id] = widget;
  aim(widget.link, widget, options.target);
  if (options.links === "all") takeLinks(widget);
  const badge = options.button === "none" || options.chat === "page" ? undefined : drawButton(widget.link, options, hasChat);
  if (!hasChat) return;
  widget.chat = { base: new URL(".", tag.src).href, id, options, badge, keep, link: widget.link, click: () => click(id) };
  if (options.chat === "page") openPanel(widget.chat);
  else showUnread(widget.chat);
}

/** Has the site's own links to the widget's number or bot counted as its button is. */
function takeLinks(widget) {
  learnOwnChannel(widget).catch(() => {});
  if (!page.watches) watchLinks(page.widgets, press, quietly);
  page.watches = true;
}

/** Sets a link to the click's URL as of now. `_blank` gets no opener; a named window has to keep its name. */
function aim(link, widget, target = link.target || "_blank") {
  link.href = clickLink(widget);
  link.target = target;
  link.rel = target === "_blank" ? "nofollow noopener" : "nofollow";
}

function beforeClick(event) {
  const path = event.composedPath();
  const own = path.find((node) => node.matches?.(OPENER));
  const widget = own ? find(own.dataset.aurixOpen) : Object.values(page.widgets).find((one) => path.includes(one.link));
  if (widget && event.type !== "focusin") press(widget);
  for (const one of Object.values(page.widgets)) aim(one.link, one);
  if (!widget) return;
  if (widget.chat && event.type === "click" && isPlain(event)) {
    event.preventDefault();
    openPanel(widget.chat);
  } else if (!own) return;
  else if (own.tagName === "A") aim(own, widget, own.target || widget.link.target);
  else if (event.type === "click") open(own.dataset.aurixOpen);
}

/** With other buttons and keys a link opens elsewhere. */
function isPlain(event) {
  return !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
}

/** From the press on, the browser keeps who it is and how it came. */
function press(widget) {
  keepDevice(widget.keep);
  widget.touch();
}

/** The widget of an id; without an id, the first one of the page. */
function find(id) {
  return page.widgets[id] || (id ? undefined : Object.values(page.widgets)[0]);
}

/** `Aurix.open()`: does what a click on the button does. */
function open(id) {
  const widget = find(id);
  if (!widget) return;
  press(widget);
  aim(widget.link, widget);
  if (widget.chat) openPanel(widget.chat);
  else widget.link.click();
}

/** `Aurix.click()`: records a click without leaving the page; resolves to `{correlation_id, redirect_url}`. */
async function click(id) {
  const widget = find(id);
  press(widget);
  return postClick(widget.url, clickBody(widget));
}

function quietly(work) {
  try {
    return work();
  } catch {
    // An error of the widget must not affect the site.
  }
}
