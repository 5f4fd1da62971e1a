// The first touch of a visit: how the person came to the site, stored until the visit ends.
import { clickParams } from "./params.js";
import { load, save } from "./store.js";

const KEY = "aurix.visit";
const IDLE_MS_MAX = 30 * 60 * 1000;

/**
 * The visit that this page load belongs to: `{url, referrer, at, seen}`, times in milliseconds; and `touch`, which stores it.
 * A visit ends when 30 minutes pass between leaving one page and opening the next. A page that is opened through another
 * campaign's link begins a new one. Where it is not stored at once, it is once it was touched.
 */
export function currentVisit(keep, atOnce) {
  const now = Date.now();
  let visit = load(KEY, keep);
  if (!continues(visit, now)) visit = { url: location.href, referrer: document.referrer, at: now };
  let isStored = atOnce;
  const touch = () => {
    isStored = true;
    save(KEY, { ...visit, seen: Date.now() }, keep);
  };
  if (atOnce) touch();
  document.addEventListener("visibilitychange", () => {
    // Not where another tab has begun a newer visit since.
    if (isStored && load(KEY, keep)?.at === visit.at) touch();
  });
  return { visit, touch };
}

function continues(visit, now) {
  if (typeof visit?.url !== "string" || typeof visit.referrer !== "string") return false;
  const params = clickParams(location.href);
  return Math.abs(now - visit.seen) < IDLE_MS_MAX && (!params || params === clickParams(visit.url));
}
