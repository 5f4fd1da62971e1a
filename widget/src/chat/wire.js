// What the panel says to the server, and hears from it: numbered messages over a streamed `fetch`, and a long poll where nothing
// streams. `EventSource` could not send the token in a header.

const FIRST_BYTE_MS = 5_000;
/** The server says something every 15 s. */
const SILENT_MS = 40_000;
const POLL_S = 25;
const BACK_OFF_MS = [1_000, 30_000];

/** There is no such chat any more. */
export class Gone extends Error {}

/** The server refused, and says for how long to wait. */
export class Refused extends Error {
  constructor(response) {
    super("Aurix responded " + response.status);
    this.status = response.status;
    /** Whether the widget's link leads to a chat all the same. */
    this.hasLink = response.headers.has("link");
    this.waitMs = Number(response.headers.get("retry-after")) * 1_000 || 0;
  }
}

/** Whether asking again cannot help: the site may not use the widget, or there is none. */
export const isFinal = ({ status }) => status === 403 || status === 404 || status === 410;

export class Wire {
  constructor(base, id) {
    this.url = base + "chat/" + encodeURIComponent(id);
    this.token = undefined;
  }

  async call(path, body, options = {}) {
    const headers = {};
    if (this.token) headers.authorization = "Bearer " + this.token;
    if (body) headers["content-type"] = "application/json";
    const response = await fetch(this.url + path, {
      method: body ? "POST" : "GET",
      body: body && JSON.stringify(body),
      headers,
      credentials: "omit",
      cache: "no-store",
      ...options,
    });
    if (response.status === 401 || (response.status === 204 && !body)) throw new Gone();
    if (!response.ok) throw new Refused(response);
    return response;
  }

  open = async (came) => (await this.call("", came)).json();
  post = async (client_id, text, field) => (await (await this.call("/messages", { client_id, text, field })).json()).seq;
  read = (seq) => this.call("/read", { seq });
  after = async (seq, wait, signal) => (await this.call(`/messages?after=${seq}&wait=${wait}`, undefined, { signal })).json();
}

/** How long to wait before trying again: longer each time, never the same for everybody. */
export function backOff(tries, leastMs = 0) {
  const [first, most] = BACK_OFF_MS;
  const ms = Math.min(first * 2 ** tries, most);
  return Math.max(leastMs, ms / 2 + (Math.random() * ms) / 2);
}

/**
 * Follows a chat until `stop()`: `last()` is the number up to which all is here, `event(name, data)` gets what is new, `state(isThere)`
 * whether there is a connection, `gone()` that there is nothing to follow any more, and `refused(error)` that this page may not.
 */
export function followChat(wire, { last, event, state, gone, refused }) {
  let ended = false;
  let isStreaming = true; // until one stream brought nothing
  let abort;
  let wake = () => {};
  const atOnce = () => document.visibilityState === "visible" && wake();
  const run = async () => {
    for (let tries = 0; !ended; ) {
      abort = new AbortController();
      let leastMs = 0;
      try {
        const connected = () => {
          tries = 0;
          state(true);
        };
        await (isStreaming ? stream(wire, last(), abort, event, connected) : poll(wire, last(), abort, event, connected));
        if (!isStreaming) continue;
      } catch (error) {
        if (ended) return;
        if (error instanceof Gone) return gone();
        if (isFinal(error)) return refused(error);
        if (error instanceof Silent || error.status === 503) isStreaming = false;
        leastMs = error.waitMs || 0;
        if (!(error instanceof Silent)) state(false);
      }
      if (ended) return;
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, backOff(tries++, leastMs));
      });
    }
  };
  addEventListener("online", atOnce);
  document.addEventListener("visibilitychange", atOnce);
  run();
  return () => {
    ended = true;
    abort?.abort();
    wake();
    removeEventListener("online", atOnce);
    document.removeEventListener("visibilitychange", atOnce);
  };
}

/** No byte came: something on the way collects responses. */
class Silent extends Error {}

async function stream(wire, after, abort, event, connected) {
  let timer;
  let isSilent = false;
  const watch = (ms, silent) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isSilent = silent;
      abort.abort();
    }, ms);
  };
  try {
    watch(FIRST_BYTE_MS, true);
    const response = await wire.call("/events?after=" + after, undefined, { signal: abort.signal });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      connected();
      watch(SILENT_MS, false);
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop();
      blocks.forEach((block) => parse(block, event));
    }
  } catch (error) {
    throw isSilent ? new Silent() : error;
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

/** An event of the stream; comments have none. */
function parse(block, event) {
  let name = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data += line.slice(5).trim();
  }
  if (data) event(name, JSON.parse(data));
}

async function poll(wire, after, abort, event, connected) {
  const news = await wire.after(after, POLL_S, abort.signal);
  connected();
  if (news.reset) event("reset", { messages: news.messages, last: news.last });
  else news.messages.forEach((message) => event("message", message));
  if (news.handling) event("state", { handling: news.handling });
  event("typing", { typing: news.typing });
}
