// The site's local storage, which may be off, full, or have anything in it. The page's memory is the fallback.

const memory = {};

export function load(key, keep) {
  try {
    if (keep) return JSON.parse(localStorage.getItem(key)) ?? memory[key];
  } catch {
    // Blocked, or not JSON.
  }
  return memory[key];
}

export function save(key, value, keep) {
  memory[key] = value;
  try {
    if (keep && value === undefined) localStorage.removeItem(key);
    else if (keep) localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full.
  }
}
