// The first touch of a visit: how the person came to the site, kept while they look around.
import { clickParams } from "./params.js";
import { load, save } from "./store.js";

const KEY = "aurix.visit";
const IDLE_MS_MAX = 30 * 60 * 1000;

/**
 * The visit that this page load belongs to: `{url, referrer, at, seen}`, times in milliseconds.
 * A visit is over when 30 minutes pass between leaving one page and opening the next; a page opened through another
 * campaign's link begins a new one.
 */
export function currentVisit(keep) {
  const now = Date.now();
  let visit = load(KEY, keep);
  if (!continues(visit, now)) visit = { url: location.href, referrer: document.referrer, at: now };
  const stay = () => save(KEY, { ...visit, seen: Date.now() }, keep);
  stay();
  document.addEventListener("visibilitychange", () => {
    // Another tab may have begun a newer visit since: that one is left alone.
    if (load(KEY, keep)?.at === visit.at) stay();
  });
  return visit;
}

function continues(visit, now) {
  if (typeof visit?.url !== "string" || typeof visit.referrer !== "string") return false;
  const params = clickParams(location.href);
  return Math.abs(now - visit.seen) < IDLE_MS_MAX && (!params || params === clickParams(visit.url));
}
