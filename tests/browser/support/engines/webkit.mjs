// WebKitGTK's MiniBrowser by its WebDriver, on a display that nobody sees.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { startProgram } from "../program.mjs";
import { until } from "../until.mjs";
import { WebDriverWindow } from "./webdriver.mjs";

const COMMAND_MS_MAX = 20_000;
const COMMANDS = {
  NewSession: ["POST", ""],
  DeleteSession: ["DELETE", "/{session}"],
  Navigate: ["POST", "/{session}/url"],
  GetCurrentURL: ["GET", "/{session}/url"],
  ExecuteScript: ["POST", "/{session}/execute/sync"],
  GetWindowHandle: ["GET", "/{session}/window"],
  GetWindowHandles: ["GET", "/{session}/window/handles"],
  SwitchToWindow: ["POST", "/{session}/window"],
  CloseWindow: ["DELETE", "/{session}/window"],
  ElementClick: ["POST", "/{session}/element/{id}/click"],
  ElementClear: ["POST", "/{session}/element/{id}/clear"],
  ElementSendKeys: ["POST", "/{session}/element/{id}/value"],
  IsElementSelected: ["GET", "/{session}/element/{id}/selected"],
  GetComputedLabel: ["GET", "/{session}/element/{id}/computedlabel"],
  GetComputedRole: ["GET", "/{session}/element/{id}/computedrole"],
};

export async function startWebKit() {
  const { display, end: endDisplay } = await startDisplay();
  const port = await freePort();
  // Nothing beyond this machine is reached. (The capability `proxy` makes MiniBrowser 2.50 crash at random.)
  const env = { ...process.env, DISPLAY: `:${display}`, https_proxy: "http://127.0.0.1:9" };
  // Its sandbox needs what containers and root lack.
  if (process.getuid() === 0) env.WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS = "1";
  const driver = await startProgram("WebKitWebDriver", [`--port=${port}`], { env, stdio: "ignore" });
  const address = `http://127.0.0.1:${port}/session`;
  const { sessionId } = await until("WebKit's driver", () => newSession(address));
  const command = (name, parameters) => send(address, name, { ...parameters, session: sessionId });
  return {
    window: new WebDriverWindow(command),
    async stop() {
      await command("DeleteSession");
      await driver.end();
      await endDisplay();
    },
  };
}

async function newSession(address) {
  const browser = { binary: await miniBrowser(), args: ["--automation"] };
  const capabilities = { browserName: "MiniBrowser", "webkitgtk:browserOptions": browser };
  try {
    return await send(address, "NewSession", { capabilities: { alwaysMatch: capabilities } });
  } catch (error) {
    if (error instanceof TypeError) return undefined; // It does not listen yet.
    throw error;
  }
}

async function send(address, name, parameters) {
  const [method, path] = COMMANDS[name];
  const url = address + path.replace(/\{(\w+)\}/g, (_, key) => parameters[key]);
  const body = method === "POST" ? JSON.stringify(parameters) : undefined;
  const response = await fetch(url, { method, body, signal: AbortSignal.timeout(COMMAND_MS_MAX) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

/** Where Debian's library has it: in a folder of the machine's architecture. */
async function miniBrowser() {
  const { stdout } = await promisify(execFile)("dpkg", ["-L", "libwebkit2gtk-4.1-0"]);
  const path = stdout.split("\n").find((line) => line.endsWith("/MiniBrowser"));
  if (!path) throw new Error("libwebkit2gtk-4.1-0 has no MiniBrowser");
  return path;
}

/** A display under the first free number, which stays though nobody uses it any more. */
async function startDisplay() {
  const words = ["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset"];
  const { child, end } = await startProgram("Xvfb", words, { stdio: ["ignore", "pipe", "ignore"] });
  const [display] = await once(createInterface({ input: child.stdout }), "line");
  return { display, end };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
