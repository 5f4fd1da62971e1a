// The chat's panel: opens a chat at the first press, keeps its messages in the order of their numbers, and sends what is written until it
// is there. Each message is shown once, however often it comes.
import { joinTabs } from "./tabs.js";
import { View } from "./view.js";
import { Gone, Wire, backOff, followChat, isFinal } from "./wire.js";
import { firstWords } from "./words.js";

/** A hidden tab listens for so long. */
const HIDDEN_MS = 60_000;
/** Tries to send a message before the visitor is asked. */
const TRIES_MAX = 5;
/** A typing mark that nobody renews. */
const TYPING_MS = 90_000;

export function start(chat) {
  return new Panel(chat);
}

class Panel {
  constructor(chat) {
    this.chat = chat;
    this.wire = new Wire(chat.base, chat.id);
    this.wire.token = chat.load();
    this.isOpen = false;
    this.last = 0;
    this.read = 0;
    /** The messages by number, and those that are being sent. */
    this.nodes = new Map();
    this.waiting = [];
    this.view = new View({ options: chat.options, on: { close: () => this.toggle(), send: (text) => this.send(text) } });
    document.addEventListener("visibilitychange", () => this.seen());
  }

  toggle() {
    if (this.isOpen && this.chat.options.chat === "page") return;
    this.isOpen = !this.isOpen;
    this.chat.link.setAttribute("aria-expanded", String(this.isOpen));
    if (!this.isOpen) {
      this.leave();
      this.view.close();
      this.chat.link.focus({ preventScroll: true });
      return;
    }
    this.view.open();
    this.chat.badge?.(0);
    this.connect();
  }

  /** Opens the chat, again and again until it is open or refused for good, and follows it. */
  async connect() {
    const correlation_id = await this.reference();
    for (let tries = 0; this.isOpen; ) {
      try {
        this.opened(await this.wire.open({ correlation_id, device: this.chat.device, ...page() }));
        this.flush();
        return;
      } catch (error) {
        // The widget opens something else by now: its link knows what.
        if (error.status === 404 && error.hasLink) return location.assign(this.chat.link.href);
        if (isFinal(error)) return this.refuse(error);
        this.view.setState(this.words?.offline || early().connecting);
        await pause(backOff(tries++, error.waitMs));
      }
    }
  }

  /** The server has no chat for this page, and will have none: says so, with the link where that leads to one. */
  refuse({ hasLink }) {
    this.isRefused = true;
    this.leave();
    this.view.refuse(early(), hasLink && this.chat.options.chat !== "page" ? this.chat.link : undefined);
  }

  /** The reference of the press: that of the link that led here, or of a click that is recorded now. */
  async reference() {
    const [given] = /O-[0-9A-Za-z]{7}$/.exec(location.hash) || [];
    if (this.chat.options.chat === "page" && given) return given;
    try {
      return (await this.chat.click()).correlation_id;
    } catch {
      return undefined; // The chat goes on without it.
    }
  }

  opened(opened) {
    if (opened.token) {
      this.wire.token = opened.token;
      this.chat.save(opened.token);
      this.clear();
    }
    this.isRefused = false;
    this.words = opened.words;
    this.view.dress(opened);
    this.read = opened.read;
    opened.messages.forEach((message) => this.add(message));
    this.last = Math.max(this.last, opened.last);
    this.setHandling(opened.handling);
    this.view.toEnd();
    this.seen();
  }

  listen() {
    const heard = (name, data) => {
      this.hear(name, data);
      this.tabs?.tell(name, data);
    };
    const state = (isThere) => heard("connection", isThere);
    const gone = () => heard("state", { handling: "ended" });
    const refused = ({ hasLink }) => heard("refused", { hasLink });
    const listen = () => followChat(this.wire, { last: () => this.last, event: heard, state, gone, refused });
    this.tabs = joinTabs("aurix.chat." + this.chat.id, this.chat.keep, { listen, hear: (name, data) => this.hear(name, data) });
  }

  leave() {
    this.tabs?.leave();
    this.tabs = undefined;
  }

  hear(name, data) {
    if (name === "message") this.take(data);
    else if (name === "reset") this.reset(data);
    else if (name === "typing") this.setTyping(data.typing);
    else if (name === "read") this.read = Math.max(this.read, data.seq);
    else if (name === "state") this.setHandling(data.handling);
    else if (name === "refused") this.refuse(data);
    else if (name === "connection") this.view.setState(data ? this.state : this.words.offline);
  }

  /** A message that follows the last one; where some are missing, because another tab heard them, they are asked for. */
  take(message) {
    if (message.seq <= this.last) return;
    if (message.seq > this.last + 1) return this.catchUp(message.seq);
    this.add(message);
    this.last = message.seq;
    this.seen();
  }

  async catchUp(wanted) {
    const isAsking = this.wanted > this.last;
    this.wanted = Math.max(this.wanted || 0, wanted);
    if (isAsking) return;
    try {
      while (this.last < this.wanted) {
        const news = await this.wire.after(this.last, 0);
        if (news.reset) this.reset(news);
        else if (!news.messages.length) break;
        else for (const message of news.messages) if (message.seq === this.last + 1) this.add(message, (this.last = message.seq));
      }
      this.seen();
    } catch {
      // The next message asks again.
    }
    this.wanted = 0;
  }

  reset({ messages, last }) {
    this.nodes.forEach((node) => node.remove());
    this.nodes.clear();
    this.view.offer();
    messages.forEach((message) => this.add(message));
    this.last = last;
    this.seen();
  }

  /** Shows a message in its place, once. One that was being sent is there already. */
  add(message) {
    if (this.nodes.has(message.seq)) return;
    const own = message.client_id && this.waiting.find((one) => one.id === message.client_id);
    if (!own) {
      const node = this.view.add(message, this.waiting[0]?.node);
      this.nodes.set(message.seq, node);
      // What was said since has answered it.
      const { field, options } = (!this.waiting.length && message.choices) || {};
      return this.view.offer(node, options, (text) => this.send(text, field));
    }
    this.waiting = this.waiting.filter((one) => one !== own);
    own.node.classList.remove("waits");
    own.clear?.();
    this.nodes.set(message.seq, own.node);
  }

  /** Begins with nothing but what waits to be sent. */
  clear() {
    this.nodes.clear();
    this.last = this.read = 0;
    this.view.offer();
    this.view.clear(this.waiting.map((one) => one.node));
  }

  send(text, field) {
    if (!this.words) return false;
    this.view.offer();
    const node = this.view.add({ text, from: "visitor" });
    node.classList.add("waits");
    this.waiting.push({ id: this.chat.uuid(), text, field, node, tries: 0 });
    this.flush();
    return true;
  }

  /** Sends what waits, one after another: messages arrive in their order. */
  async flush() {
    if (this.isSending) return;
    this.isSending = true;
    const next = () => this.isOpen && this.waiting.find((one) => !one.clear);
    for (let one; (one = next()); ) await this.sendOne(one);
    this.isSending = false;
  }

  async sendOne(one) {
    try {
      const seq = await this.wire.post(one.id, one.text, one.field);
      // The stream brings it, too: whoever has no stream sees it now.
      if (seq === this.last + 1) this.take({ seq, text: one.text, from: "visitor", client_id: one.id });
      else if (seq > this.last) await this.catchUp(seq);
      if (this.waiting.includes(one)) this.add({ seq, client_id: one.id });
    } catch (error) {
      if (error instanceof Gone) {
        this.forget();
        return this.connect();
      }
      const isForGood = error.status >= 400 && error.status < 500 && error.status !== 429;
      if (error.status === 429) this.view.say(this.words.too_fast);
      if (isFinal(error)) this.refuse(error);
      if (isForGood || ++one.tries >= TRIES_MAX) this.give(one);
      else await pause(backOff(one.tries - 1, error.waitMs));
    }
  }

  /** The visitor is asked. Should it have arrived all the same, the stream says so. */
  give(one) {
    const clear = this.view.fail(one.node, () => {
      one.clear();
      one.tries = 0;
      this.flush();
    });
    one.clear = () => {
      one.clear = undefined;
      clear();
    };
  }

  /** The token is good for nothing. Another tab may have a new one. */
  forget() {
    this.leave();
    const kept = this.chat.load();
    if (kept === this.wire.token) this.chat.save(undefined);
    this.wire.token = kept === this.wire.token ? undefined : kept;
  }

  setTyping(typing) {
    clearTimeout(this.typing);
    this.view.setTyping(typing);
    if (typing) this.typing = setTimeout(() => this.view.setTyping(false), TYPING_MS);
  }

  setHandling(handling) {
    this.state = { with: this.words.person, waiting: this.words.waiting, ended: this.words.ended }[handling];
    this.view.setState(this.state);
    if (handling === "ended") this.forget();
  }

  /** Tells what is seen. Where nobody has looked for a minute, this tab listens no more until somebody does. */
  seen() {
    clearTimeout(this.away);
    if (!this.isOpen || this.isRefused || !this.words || !this.wire.token) return;
    if (document.hidden) {
      this.away = setTimeout(() => this.leave(), HIDDEN_MS);
      return;
    }
    if (!this.tabs) this.listen();
    if (this.last <= this.read) return;
    this.read = this.last;
    this.wire.read(this.last).catch(() => {});
  }
}

/** The page, as it is told to the server. */
function page() {
  const { origin, pathname } = location;
  return { language: document.documentElement.lang || navigator.language, page: origin + pathname };
}

/** The words of this page as long as the server has given none. */
const early = () => firstWords(document.documentElement.lang, navigator.language);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
