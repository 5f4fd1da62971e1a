// The site's local storage, which may be switched off, full, or hold anything. Where it fails, the page's memory serves.

const memory = {};

export function load(key, keep) {
  try {
    if (keep) return JSON.parse(localStorage.getItem(key)) ?? memory[key];
  } catch {
    // Blocked, or not ours.
  }
  return memory[key];
}

export function save(key, value, keep) {
  memory[key] = value;
  try {
    if (keep) localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full.
  }
}
