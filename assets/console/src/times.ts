const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Keeps "3 min ago" true while a page is open. Past a day the server's text stays as it is. */
export function keepTimes(): void {
  setInterval(() => {
    for (const time of document.querySelectorAll("time[datetime]")) update(time as HTMLTimeElement);
  }, MINUTE_MS);
}

function update(time: HTMLTimeElement): void {
  if (!/ ago$|^just now$/.test(time.textContent ?? "")) return;
  const age = Date.now() - Date.parse(time.dateTime);
  if (age < MINUTE_MS || age >= DAY_MS) return;
  time.textContent = age < HOUR_MS ? `${Math.floor(age / MINUTE_MS)} min ago` : `${Math.floor(age / HOUR_MS)} h ago`;
}
