// The data of a click, as a link's query or as JSON.
import { deviceId } from "./device.js";
import { clickParams } from "./params.js";

/** Encoded characters of each value. With the device id and the names, the query stays under 4,096. */
const URL_CHARS_MAX = 1700;
const REFERRER_CHARS_MAX = 500;

export function clickBody({ visit, keep }) {
  return {
    device_id: deviceId(keep),
    click_url: fit(location.href, URL_CHARS_MAX),
    first_raw_url: fit(visit.url, URL_CHARS_MAX),
    referrer: fit(visit.referrer, REFERRER_CHARS_MAX),
  };
}

export function clickLink(widget) {
  const pairs = Object.entries(clickBody(widget)).filter(([, value]) => value);
  return widget.url + "?" + pairs.map(([name, value]) => name + "=" + encodeURIComponent(value)).join("&");
}

export async function postClick(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  });
  if (!response.ok) throw new Error("Aurix responded " + response.status);
  return response.json();
}

/** Shortens a URL: first to its path and known parameters, then by cutting, but never inside an escape. */
function fit(url, charsMax) {
  if (encodeURIComponent(url).length <= charsMax) return url;
  const params = clickParams(url);
  url = url.split(/[?#]/)[0] + (params && "?" + params);
  while (encodeURIComponent(url).length > charsMax) url = url.slice(0, -8);
  return url.replace(/%.?$/, "");
}
