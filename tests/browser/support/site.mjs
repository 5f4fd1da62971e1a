// A site of another origin than Aurix's: any path answers with the given page.
import { once } from "node:events";
import { createServer } from "node:http";
import { SITE_HOST } from "./browser.mjs";

/** Serves `page(path)` as HTML, with `headers` on top; stops with the test. */
export async function startSite(t, page, headers = {}) {
  const server = createServer((request, response) => {
    if (request.url === "/favicon.ico") return response.writeHead(204).end();
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers });
    response.end(page(request.url));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${SITE_HOST}:${server.address().port}`;
}

/** A plain page with the widget's tag and links to look around. */
export function shopPage(aurix, { head = "", body = "", attributes = "", widget = aurix.widgets.main } = {}) {
  return `<!doctype html><html lang="en"><head><title>Shop</title>${head}
    <script async src="${aurix.url}/widget.js" data-widget="${widget}" ${attributes}></script></head>
    <body><h1>Shop</h1><a href="/second">Second</a> <a href="/third">Third</a> <a href="/tab" target="_blank">Tab</a>${body}
    <noscript><a id="plain" href="${aurix.url}/c/${widget}">Chat with us</a></noscript></body></html>`;
}

export const button = (page) => page.locator("aurix-widget a");
