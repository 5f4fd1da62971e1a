// Runs the real binary (AURIX_BIN) on a data folder of its own, and its commands beside it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setInterval } from "node:timers/promises";
import { promisify } from "node:util";

const START_MS_MAX = 30_000;
const POLL_MS = 50;
const POLLS_MAX = 200;
export const WHATSAPP_NUMBER = "6580001234";

/**
 * A server with one project, a WhatsApp channel, two widgets and a partner's key:
 * `{url, widgets, attribution(reference), clickOn(url), stop()}`.
 */
export async function startServer() {
  const home = await dataFolder();
  const { project_id } = await home.command("project", "create", "Shop", "--region", "SG");
  const { key } = await home.command("key", "create", "--project", project_id);
  const { channel_id } = await home.command(
    ...["channel", "add", "whatsapp", "--project", project_id],
    ...["--phone-number-id", "106540352242922", "--number", `+${WHATSAPP_NUMBER}`],
    ...["--access-token", "token", "--app-secret", "secret", "--verify-token", "verify"],
  );
  const widget = () => home.command("widget", "create", "--project", project_id, "--channel", channel_id);
  const widgets = { main: (await widget()).widget_id, second: (await widget()).widget_id };
  const server = await run(home, "serve");
  const clicks = async () => {
    const response = await fetch(`${server.url}/integrations/external/attribution`, {
      headers: { authorization: `Bearer ${key}` },
    });
    if (!response.ok) throw new Error(`attribution responded ${response.status}: ${await response.text()}`);
    return (await response.json()).data;
  };
  return {
    ...server,
    widgets,
    /** The clicks of a reference as a partner gets them, newest first. */
    attribution: async (reference) => (await clicks()).filter((row) => row.correlation_id === reference),
    /** The first click on a page, waited for: where nothing else shows that it was made. */
    async clickOn(url) {
      let polls = 0;
      for await (const _ of setInterval(POLL_MS)) {
        const click = (await clicks()).find((row) => row.click_url === url);
        if (click) return click;
        if (++polls === POLLS_MAX) throw new Error(`no click on ${url} was recorded`);
      }
    },
  };
}

/** A server on an empty data folder, with the link for the first account: `{url, firstRun, stop()}`. */
export async function startFresh() {
  const { printed, ...server } = await run(await dataFolder(), "serve", /http:\S+\/first-run\/\S+/);
  return { ...server, firstRun: printed };
}

export async function startDemo() {
  return run(await dataFolder(), "demo");
}

async function dataFolder() {
  const folder = await mkdtemp(join(tmpdir(), "aurix-browser-"));
  const env = { ...process.env, AURIX_DATA_DIR: folder, AURIX_LISTEN: "127.0.0.1:0" };
  return {
    env,
    async command(...args) {
      const { stdout } = await promisify(execFile)(binary(), [...args, "--json"], { env });
      return JSON.parse(stdout);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Starts a command that serves, and reads the address, or another `wanted` one, off what it prints. */
async function run(home, command, wanted = /http:\/\/127\.0\.0\.1:\d+/) {
  const child = spawn(binary(), [command], { env: home.env, stdio: ["ignore", "pipe", "pipe"] });
  const printed = [];
  const address = await new Promise((resolve, reject) => {
    const output = () => `aurix ${command} printed:\n${printed.join("\n")}`;
    const late = setTimeout(() => reject(new Error(`no address within ${START_MS_MAX} ms; ${output()}`)), START_MS_MAX);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        const found = wanted.exec(line);
        if (found) resolve(found[0]);
      });
    }
    child.once("exit", (code) => reject(new Error(`ended with ${code}; ${output()}`)));
    child.once("error", reject);
    child.once("spawn", () => late.unref());
  });
  let stopping = false;
  child.once("exit", (code, signal) => {
    if (!stopping) console.error(`aurix ${command} ended by itself (${signal ?? code}):\n${printed.join("\n")}`);
  });
  const stop = async () => {
    stopping = true;
    if (child.exitCode === null && child.kill("SIGTERM")) await once(child, "exit");
    await home.remove();
  };
  return { url: new URL(address).origin, printed: address, stop };
}

function binary() {
  if (!process.env.AURIX_BIN) throw new Error("AURIX_BIN has to name the aurix binary to test");
  return process.env.AURIX_BIN;
}
