// A connection between the browser and the server that can be bad.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * Passes bytes on to the server at `url`: `{url, refuse(), accept(), hold(), release(), requests, preflights, streams()}`. While it
 * refuses, every connection is ended; while it holds, nothing of what the server responds gets through. `requests` is what was asked
 * for so far, `preflights` for what a browser asked leave, `streams()` how many connections wait for events. Stops with the test.
 */
export async function startProxy(t, url) {
  const target = new URL(url);
  const open = new Set();
  const requests = [];
  const preflights = [];
  let refuses = false;
  let holds = false;
  const server = createServer((browser) => {
    if (refuses) return browser.destroy();
    const pair = { browser, server: connect(target.port, target.hostname) };
    open.add(pair);
    browser.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      const asked = text.match(/^(?:GET|POST) \S+/gm) ?? [];
      for (const [, path] of text.matchAll(/^OPTIONS ([^\s?]+)/gm)) preflights.push(path);
      requests.push(...asked);
      pair.last = asked.at(-1) ?? pair.last;
    });
    browser.pipe(pair.server);
    pair.server.pipe(browser);
    if (holds) pair.server.pause();
    for (const [end, other] of [[browser, pair.server], [pair.server, browser]]) {
      end.on("error", () => {});
      end.on("close", () => {
        other.destroy();
        open.delete(pair);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const pair of open) pair.browser.destroy();
  };
  const hold = (on) => {
    holds = on;
    for (const pair of open) on ? pair.server.pause() : pair.server.resume();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    preflights,
    streams: () => [...open].filter(({ last }) => /\/stream(\?|$)/.test(last ?? "")).length,
    refuse() {
      refuses = true;
      cut();
    },
    accept: () => (refuses = false),
    hold: () => hold(true),
    release: () => hold(false),
  };
}
