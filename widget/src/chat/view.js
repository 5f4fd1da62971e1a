// The panel's nodes. Made one by one, since Trusted Types forbid `innerHTML`; styled by a constructed sheet, which no policy forbids.
import { contrast, onColor, parseColor } from "./color.js";
import { styles } from "./styles.js";
import { appendText } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const CLOSE = "M6 6l12 12M18 6L6 18";
const SEND = "M5 12h14M13 6l6 6-6 6";
const RTL = ["ar", "fa", "he", "ur"];
/** The widest screen on which the panel fills it. */
const NARROW = "(max-width:480px)";
/** How far from the end still counts as the end. */
const AT_END_PX = 60;

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

export class View {
  constructor({ options, on }) {
    this.on = on;
    this.isWhole = options.chat === "page";
    this.host = make("aurix-chat");
    this.host.dataset.theme = /^(light|dark)$/.test(options.theme) ? options.theme : "auto";
    if (options.color && CSS.supports("color", options.color)) this.host.style.setProperty("--aurix-accent", options.color);
    const root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    this.build(options);
    root.append(this.probe, this.panel);
    // Where the browser has a top layer, nothing of the site lies above the panel.
    if (!this.isWhole && this.panel.showPopover) this.panel.popover = "manual";
    else this.panel.style.setProperty("z-index", options.zIndex || "2147483000");
    document.documentElement.append(this.host);
  }

  build(options) {
    this.probe = make("i", { className: "probe" });
    this.title = make("h2", { id: "title" });
    this.closer = make("button", { type: "button", hidden: this.isWhole }, icon(CLOSE));
    this.state = make("p", { className: "state", hidden: true });
    this.state.setAttribute("role", "status");
    this.greeting = make("div", { className: "m", hidden: true, dir: "auto" });
    this.disclosure = make("p", { className: "note", hidden: true });
    this.log = make("div", { className: "log" });
    this.log.setAttribute("role", "log");
    this.log.setAttribute("aria-live", "polite");
    // The last of the log: what can be pressed belongs to what was said last.
    this.choices = make("div", { className: "choices" });
    this.choices.setAttribute("role", "group");
    this.log.append(this.choices);
    this.typing = make("div", { className: "typing", hidden: true }, make("i"), make("i"), make("i"));
    this.typing.setAttribute("role", "img");
    this.scroll = make("div", { className: "scroll", tabIndex: 0 }, this.disclosure, this.greeting, this.log, this.typing);
    this.scroll.setAttribute("role", "region");
    this.newer = make("button", { type: "button", className: "newer", hidden: true });
    this.hint = make("p", { className: "hint", hidden: true, id: "hint" });
    this.hint.setAttribute("role", "alert");
    this.field = make("textarea", { rows: 1, enterKeyHint: "send", dir: "auto" });
    this.field.setAttribute("aria-describedby", "hint");
    this.sender = make("button", { type: "submit", className: "send" }, icon(SEND));
    this.form = make("form", {}, this.field, this.sender);
    const middle = make("div", { className: "middle" }, this.scroll, this.newer);
    const side = this.isWhole ? "whole" : options.position === "left" ? "left" : "right";
    this.panel = make("section", { className: "panel " + side }, make("header", {}, this.title, this.closer));
    this.panel.append(this.state, middle, this.hint, this.form);
    this.panel.setAttribute("role", "dialog");
    this.panel.setAttribute("aria-labelledby", "title");
    this.listen();
  }

  listen() {
    this.closer.onclick = () => this.on.close();
    this.newer.onclick = () => this.toEnd();
    this.scroll.onscroll = () => this.isAtEnd() && (this.newer.hidden = true);
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.submit();
    };
    this.field.onkeydown = (event) => {
      // While letters are being composed, Enter chooses among them.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    };
    this.panel.onkeydown = (event) => {
      if (event.key === "Escape" && !this.isWhole && !event.isComposing) this.on.close();
      else if (event.key === "Tab" && this.isModal()) this.keepFocus(event);
      // The site's own keys are not for what is written here.
      event.stopPropagation();
    };
    const refuse = (event, data) => {
      if (![...(data?.items || [])].some((one) => one.kind === "file")) return;
      event.preventDefault();
      this.say(this.words?.no_files);
    };
    this.field.onpaste = (event) => refuse(event, event.clipboardData);
    this.panel.ondrop = (event) => refuse(event, event.dataTransfer);
    this.panel.ondragover = (event) => [...event.dataTransfer.items].some((one) => one.kind === "file") && event.preventDefault();
    this.field.oninput = () => this.say();
  }

  /** Words, name and first words, once the server has said them. */
  dress({ words, language, agent, greeting }) {
    this.words = words;
    this.speak(language);
    this.form.hidden = false;
    this.title.textContent = agent.name;
    this.greeting.replaceChildren();
    appendText(this.greeting, greeting);
    this.disclosure.textContent = words.automated;
    this.field.placeholder = words.write;
    this.newer.textContent = words.newer;
    this.greeting.hidden = this.disclosure.hidden = false;
    for (const [node, name] of [
      [this.closer, words.close],
      [this.sender, words.send],
      [this.field, words.write],
      [this.log, words.messages],
      [this.scroll, words.messages],
      [this.typing, words.typing],
    ])
      node.setAttribute("aria-label", name);
  }

  speak(language) {
    this.panel.lang = language;
    this.panel.dir = RTL.includes(language) ? "rtl" : "ltr";
  }

  /** Says that there is no chat here, and where there is one. What was said so far stays. */
  refuse({ language, unavailable, elsewhere, close, name }, link) {
    const hasFocus = this.form.contains(this.host.shadowRoot.activeElement);
    this.speak(language);
    this.title.textContent ||= name;
    this.closer.setAttribute("aria-label", close);
    this.form.hidden = true;
    this.offer();
    this.setState(unavailable);
    const way = link && make("a", { href: link.href, target: link.target, rel: link.rel, textContent: elsewhere });
    if (way) this.state.append(" ", way);
    // The field that had it is gone.
    if (hasFocus) (way || this.closer).focus({ preventScroll: true });
  }

  submit() {
    const text = this.field.value.trim();
    if (!text) return;
    if ([...text].length > 4_000) return this.say(this.words?.too_long);
    if (this.on.send(text) === false) return;
    this.field.value = "";
    this.say();
    this.toEnd();
  }

  /** A sentence above the field; none takes it away. */
  say(text = "") {
    this.hint.textContent = text;
    this.hint.hidden = !text;
  }

  setState(text) {
    if (this.state.textContent === (text || "")) return;
    this.state.textContent = text || "";
    this.state.hidden = !text;
  }

  setTyping(typing) {
    const atEnd = this.isAtEnd();
    this.typing.hidden = !typing;
    if (atEnd) this.toEnd();
  }

  /** A message before another one, or behind all. */
  add({ text, from }, before = null) {
    const atEnd = this.isAtEnd();
    const node = make("div", { className: from === "visitor" ? "m own" : "m", dir: "auto" });
    if (from === "visitor") node.append(make("span", { className: "sr", textContent: (this.words?.you || "You") + ": " }));
    appendText(node, text);
    this.log.insertBefore(node, before || this.choices);
    if (atEnd) this.toEnd();
    else if (from !== "visitor") this.newer.hidden = false;
    return node;
  }

  /** Answers to press below a question; none takes them away. The focus stays in the panel. */
  offer(question, options = [], pick) {
    if (this.choices.contains(this.host.shadowRoot.activeElement)) this.field.focus({ preventScroll: true });
    const atEnd = this.isAtEnd();
    const button = (text) => make("button", { type: "button", textContent: text, dir: "auto", onclick: () => pick(text) });
    this.choices.replaceChildren(...options.map(button));
    if (question && options.length) {
      this.log.querySelector("#question")?.removeAttribute("id");
      question.id = "question";
      this.choices.setAttribute("aria-labelledby", "question");
    }
    if (atEnd) this.toEnd();
  }

  /** Says below a message that it is not sent, and gives what takes that away. */
  fail(node, again) {
    const button = make("button", { type: "button", textContent: this.words.again, onclick: again });
    const line = make("div", { className: "fail" }, make("span", { textContent: this.words.not_sent }), button);
    node.after(line);
    if (this.isAtEnd()) this.toEnd();
    return () => line.remove();
  }

  clear(kept) {
    this.log.replaceChildren(...kept, this.choices);
  }

  isAtEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < AT_END_PX;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.newer.hidden = true;
  }

  isModal() {
    return !this.isWhole && matchMedia(NARROW).matches;
  }

  keepFocus(event) {
    const all = [...this.panel.querySelectorAll("button,textarea,a,[tabindex='0']")].filter((one) => one.getClientRects().length);
    const [from, to] = event.shiftKey ? [all[0], all[all.length - 1]] : [all[all.length - 1], all[0]];
    if (this.host.shadowRoot.activeElement !== from) return;
    event.preventDefault();
    to.focus();
  }

  open() {
    this.panel.classList.add("open");
    if (this.panel.popover) this.panel.showPopover();
    this.panel.setAttribute("aria-modal", String(this.isModal()));
    this.paint();
    this.fit();
    for (const kind of ["resize", "scroll"]) visualViewport?.addEventListener(kind, this.fit);
    this.field.focus({ preventScroll: true });
    this.toEnd();
  }

  close() {
    for (const kind of ["resize", "scroll"]) visualViewport?.removeEventListener(kind, this.fit);
    if (this.panel.popover) this.panel.hidePopover();
    this.panel.classList.remove("open");
  }

  /** A phone's panel is as high as what the keyboard leaves, which only the visual viewport knows everywhere. */
  fit = () => {
    if (!window.visualViewport || this.isWhole) return;
    const atEnd = this.isAtEnd();
    this.panel.style.setProperty("--height", visualViewport.height + "px");
    this.panel.style.setProperty("--top", visualViewport.offsetTop + "px");
    if (atEnd) this.toEnd();
  };

  /** Colours from the accent that holds now. */
  paint() {
    const accent = parseColor(getComputedStyle(this.probe).color);
    const page = parseColor(getComputedStyle(this.panel).backgroundColor);
    const set = (name, value) => this.panel.style.setProperty(name, value);
    set("--a", accent ? "var(--aurix-accent,#12813f)" : "#12813f");
    set("--on", accent ? onColor(accent) : "#fff");
    set("--ring", accent && page && contrast(accent, page) >= 3 ? "var(--a)" : "var(--ink)");
  }
}
