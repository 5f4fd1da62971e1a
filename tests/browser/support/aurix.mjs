// Runs the real binary (AURIX_BIN) on a data folder of its own, and its commands beside it.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { startProgram } from "./program.mjs";
import { until } from "./until.mjs";
import { APP_SECRET, PHONE_NUMBER_ID, startWhatsApp } from "./whatsapp.mjs";

const START_MS_MAX = 30_000;
/** Leave to reach this machine. */
const HERE = { AURIX_ALLOW_NETWORKS: "127.0.0.0/8", AURIX_ALLOW_HTTP: "true" };
export const WHATSAPP_NUMBER = "6580001234";
/** Who owns the project of `startBusiness`. */
export const OWNER = { name: "Mei Tan", email: "mei@example.com", password: "correct horse battery" };

/**
 * A server with one project, a WhatsApp channel, two widgets and a partner's key:
 * `{url, widgets, attribution(reference), clickOn(url), stop()}`.
 */
export async function startServer() {
  const home = await dataFolder();
  const { project, channel } = await createProject(home);
  const { key } = await home.command(["key", "create", "--project", project]);
  const widgets = { main: await createWidget(home, project, channel), second: await createWidget(home, project, channel) };
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
    clickOn: (url) => until(`a click on ${url}`, async () => (await clicks()).find((row) => row.click_url === url)),
  };
}

/**
 * A server with one project that Mei owns, its WhatsApp scripted, a widget, and leave to deliver to this machine:
 * `{url, widget, project, whatsapp, person(who), command(words), restart(), stop()}`.
 */
export async function startBusiness() {
  const whatsapp = await startWhatsApp();
  const home = await dataFolder(HERE);
  const { project, channel } = await createProject(home, "--api-base", whatsapp.url);
  const widget = await createWidget(home, project, channel);
  await home.command(["user", "create", "--email", OWNER.email, "--name", OWNER.name, "--project", project, "--password-stdin"], OWNER.password);
  const server = await run(home, "serve");
  const business = { ...server, widget, project, whatsapp, command: home.command };
  business.person = (who) => whatsapp.person(business, who);
  business.stop = async () => {
    whatsapp.stop();
    await server.stop();
  };
  return business;
}

/**
 * A server with one project that Mei owns, whose widget opens a chat on the page: `{url, widget, widgets, project, channel,
 * command(words), restart(), stop()}`.
 */
export async function startChat() {
  const home = await dataFolder(HERE);
  const { project_id: project } = await home.command(["project", "create", "Juniper Table", "--region", "SG"]);
  const { channel_id: channel } = await home.command(["channel", "add", "web", "--project", project]);
  const widget = await createWidget(home, project, channel);
  await home.command(["user", "create", "--email", OWNER.email, "--name", OWNER.name, "--project", project, "--password-stdin"], OWNER.password);
  const server = await run(home, "serve");
  return { ...server, widget, widgets: { main: widget }, project, channel, command: home.command };
}

async function createProject(home, ...more) {
  const { project_id: project } = await home.command(["project", "create", "Shop", "--region", "SG"]);
  const { channel_id: channel } = await home.command([
    ...["channel", "add", "whatsapp", "--project", project, "--phone-number-id", PHONE_NUMBER_ID],
    ...["--number", `+${WHATSAPP_NUMBER}`, "--access-token", "token", "--app-secret", APP_SECRET, "--verify-token", "verify"],
    ...more,
  ]);
  return { project, channel };
}

async function createWidget(home, project, channel) {
  return (await home.command(["widget", "create", "--project", project, "--channel", channel])).widget_id;
}

/** A server on an empty data folder, with the link for the first account: `{url, firstRun, command(words), stop()}`. */
export async function startFresh() {
  const home = await dataFolder(HERE);
  const { printed, ...server } = await run(home, "serve", /http:\S+\/first-run\/\S+/);
  return { ...server, firstRun: printed, command: home.command };
}

/** The demo: empty, or with the weeks that it invents. */
export async function startDemo({ empty = true } = {}) {
  return run(await dataFolder(), ["demo", ...(empty ? ["--empty"] : [])]);
}

async function dataFolder(settings = {}) {
  const folder = await mkdtemp(join(tmpdir(), "aurix-browser-"));
  const env = { ...process.env, AURIX_DATA_DIR: folder, AURIX_LISTEN: "127.0.0.1:0", ...settings };
  return {
    env,
    /** Runs a command beside the server, and gives what it prints. */
    async command(words, input = "") {
      const running = promisify(execFile)(binary(), [...words, "--json"], { env });
      // One that reads nothing may have ended before.
      running.child.stdin.on("error", () => {}).end(input);
      return JSON.parse((await running).stdout);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Starts a command that serves, and reads the address, or another `wanted` one, off what it prints. */
async function run(home, command, wanted = /http:\/\/127\.0\.0\.1:\d+/) {
  let serving = await serve(home.env, command, wanted);
  const url = new URL(serving.printed).origin;
  return {
    url,
    printed: serving.printed,
    /** Ends the process, does `meanwhile`, and starts it on the same address. */
    async restart(meanwhile = async () => {}) {
      await serving.end();
      await meanwhile();
      serving = await serve({ ...home.env, AURIX_LISTEN: new URL(url).host }, command, wanted);
    },
    async stop() {
      await serving.end();
      await home.remove();
    },
  };
}

async function serve(env, command, wanted) {
  const { child, end } = await startProgram(binary(), [command].flat(), { env, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const printed = await new Promise((resolve, reject) => {
    const output = () => `aurix ${command} printed:\n${lines.join("\n")}`;
    const late = setTimeout(() => reject(new Error(`no address within ${START_MS_MAX} ms; ${output()}`)), START_MS_MAX);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        const found = wanted.exec(line);
        if (found) resolve(found[0]);
      });
    }
    child.once("exit", (code) => reject(new Error(`ended with ${code}; ${output()}`)));
    late.unref();
  });
  let stopping = false;
  child.once("exit", (code, signal) => {
    if (!stopping) console.error(`aurix ${command} ended by itself (${signal ?? code}):\n${lines.join("\n")}`);
  });
  return {
    printed,
    end() {
      stopping = true;
      return end();
    },
  };
}

function binary() {
  if (!process.env.AURIX_BIN) throw new Error("AURIX_BIN has to name the aurix binary to test");
  return process.env.AURIX_BIN;
}
