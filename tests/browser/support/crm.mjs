// A receiver of webhooks.
import { once } from "node:events";
import { createServer } from "node:http";
import { read } from "./whatsapp.mjs";

/**
 * A CRM: `got` is what was posted to `url`, `status` is what it answers next. Between `hold()` and `release()` it answers nothing.
 * Stops with the test.
 */
export async function startCrm(t) {
  let released = Promise.resolve();
  let release = () => {};
  const crm = {
    got: [],
    status: 200,
    hold: () => (released = new Promise((resolve) => (release = resolve))),
    release: () => release(),
  };
  const server = createServer(async (request, response) => {
    crm.got.push({ headers: request.headers, body: JSON.parse(await read(request)) });
    await released;
    response.writeHead(crm.status, { "content-type": "application/json" }).end('{"detail":"invalid or missing token"}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(crm, { url: `http://127.0.0.1:${server.address().port}/hook` });
}
