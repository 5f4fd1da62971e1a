// The device id: a random UUID, in the site's local storage from the first press on.
import { load, save } from "./store.js";

const KEY = "aurix.device";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of this browser. It is in memory only until it is kept. */
export function deviceId(keep) {
  let id = load(KEY, keep);
  if (!UUID.test(id)) save(KEY, (id = randomUuid()), false);
  return id;
}

export function keepDevice(keep) {
  save(KEY, deviceId(keep), keep);
}

/** `crypto.randomUUID` is not available on plain `http:` sites; `getRandomValues` is. */
export function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40; // version 4
  bytes[8] = (bytes[8] & 0x3f) | 0x80; // RFC 9562 variant
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
