// One event stream per tab: the playground page opens it, and the phone inside that page listens along (a browser
// allows six connections to a host). Opened by itself in a tab, the phone has a stream of its own.

const KINDS = ["delivery", "message", "typing", "lead"];
const KEPT_MAX = 500;

export const feed = sharedFeed() ?? (window.aurixFeed = openFeed());

function sharedFeed() {
  try {
    return window.parent === window ? undefined : window.parent.aurixFeed;
  } catch {
    return undefined; // framed by another site
  }
}

function openFeed() {
  const kept = [];
  const listeners = new Set();
  const source = new EventSource("/playground/stream");

  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      const item = { kind, data: JSON.parse(event.data) };
      if (kind !== "typing") kept.push(item);
      if (kept.length > KEPT_MAX) kept.shift();
      for (const listener of listeners) listener(item);
    });
  }
  return {
    /** Calls back for what has happened so far and for what will; stops when `page` goes away. */
    listen(listener, page) {
      for (const item of kept) listener(item);
      listeners.add(listener);
      page.addEventListener("pagehide", () => listeners.delete(listener), { once: true });
    },
    /** Reports `live` or `waiting`, now and whenever it changes. */
    watch(report) {
      source.addEventListener("open", () => report("live"));
      source.addEventListener("error", () => report("waiting"));
      if (source.readyState === EventSource.OPEN) report("live");
    },
    forget() {
      kept.length = 0;
    },
  };
}
