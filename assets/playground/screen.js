// What the phone's screens share.
import { clockTime } from "./dom.js";

const MINUTE_MS = 60_000;

/** Keeps every clock on the screen right. */
export function showClock() {
  const now = Date.now();
  for (const clock of document.querySelectorAll(".clock")) clock.textContent = clockTime(now);
  setTimeout(showClock, MINUTE_MS - (now % MINUTE_MS));
}

export const initials = (name) => name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
