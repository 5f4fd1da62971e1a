// Waiting for what no page shows: polled, since it happens in another program.
import { setInterval } from "node:timers/promises";

const POLL_MS = 50;
// Long enough for a machine that builds something else meanwhile; what fails is seen later, and nothing else takes longer.
const WAIT_MS_MAX = 60_000;

/** What `check` returns as soon as it is truthy. Fails with `what` did not come. */
export async function until(what, check) {
  const giveUpAt = Date.now() + WAIT_MS_MAX;
  for await (const _ of setInterval(POLL_MS, undefined)) {
    const found = await check();
    if (found) return found;
    if (Date.now() > giveUpAt) throw new Error(`waited ${WAIT_MS_MAX} ms for ${typeof what === "function" ? what() : what}`);
  }
}
