// The person who holds the phone: made up per visitor, kept for as long as the tab is open.

const KEY = "aurix.playground.person";
const NAMES = ["Mei Lin Tan", "Arjun Nair", "Sofia Marin", "Daniel Ong", "Aisyah Rahman", "Jonas Weber", "Hana Sato"];

let remembered;

/** `{wa_id, name}`: a Singapore mobile number as WhatsApp writes it, and a full name. */
export function currentPerson() {
  return load() ?? newPerson();
}

export function newPerson() {
  const name = NAMES[random(NAMES.length)];
  remembered = { wa_id: `659${random(9)}${String(random(1_000_000)).padStart(6, "0")}`, name };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(remembered));
  } catch {
    // Storage is blocked: the page's memory serves.
  }
  return remembered;
}

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? remembered;
  } catch {
    return remembered;
  }
}

function random(below) {
  return crypto.getRandomValues(new Uint32Array(1))[0] % below;
}
