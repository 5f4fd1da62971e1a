// Firefox ESR by Marionette, the WebDriver that is built into it: geckodriver, which Debian does not have, only passes commands on.
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../program.mjs";
import { until } from "../until.mjs";
import { WebDriverWindow } from "./webdriver.mjs";

const PROGRAM = process.env.FIREFOX ?? "firefox-esr";
/** A proxy that is not there, for all but this machine: no test reaches WhatsApp, and Firefox no service of its makers. */
const NOWHERE = "127.0.0.1:9";
const OFFLINE = { proxyType: "manual", httpProxy: NOWHERE, sslProxy: NOWHERE, noProxy: ["127.0.0.1", "localhost"] };

export async function startFirefox() {
  const profile = await mkdtemp(join(tmpdir(), "aurix-firefox-"));
  await writeFile(join(profile, "user.js"), 'user_pref("marionette.port", 0);\n');
  const words = ["--headless", "--marionette", "--no-remote", "--profile", profile];
  const program = await startProgram(PROGRAM, words, { env: { ...process.env, HOME: profile }, stdio: "ignore" });
  const port = await until("Firefox's port", () => readFile(join(profile, "MarionetteActivePort"), "utf8").catch(() => ""));
  const { command, close } = await connectTo(Number(port));
  await command("NewSession", { capabilities: { alwaysMatch: { proxy: OFFLINE } } });
  return {
    window: new WebDriverWindow(command),
    async stop() {
      close();
      await program.end();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Each message is its length, a colon, and JSON: `[0, id, command, parameters]`, answered by `[1, id, error, result]`. */
async function connectTo(port) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const waiting = new Map();
  let received = Buffer.alloc(0);
  socket.on("data", (part) => {
    received = Buffer.concat([received, part]);
    for (let colon = received.indexOf(":"); colon >= 0; colon = received.indexOf(":")) {
      const end = colon + 1 + Number(received.subarray(0, colon));
      if (received.length < end) return;
      const message = JSON.parse(received.subarray(colon + 1, end));
      received = received.subarray(end);
      // The first one is a greeting.
      if (Array.isArray(message)) answer(message);
    }
  });
  socket.on("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("Firefox has ended"));
  });
  const answer = ([, id, error, result]) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(`${error.error}: ${error.message}`));
    else resolve(result !== null && typeof result === "object" && "value" in result ? result.value : result);
  };
  let last = 0;
  const command = (name, parameters = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      const message = JSON.stringify([0, last, `WebDriver:${name}`, parameters]);
      socket.write(`${Buffer.byteLength(message)}:${message}`);
    });
  return { command, close: () => socket.destroy() };
}
