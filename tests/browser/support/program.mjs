// Programs that tests start. Each ends with the process of its test file at the latest.
import { spawn } from "node:child_process";
import { once } from "node:events";

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill();
});
// So the runner ends a file that takes too long.
process.once("SIGTERM", () => process.exit(143));

/** Starts a program: `{child, end()}`. */
export async function startProgram(name, args, options) {
  const child = spawn(name, args, options);
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new Error(`${name} does not start: ${error.message}`);
  }
  running.add(child);
  child.once("exit", () => running.delete(child));
  const end = async () => {
    if (running.has(child) && child.kill()) await once(child, "exit");
  };
  return { child, end };
}
