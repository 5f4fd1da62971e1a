// Writes tests/it/agent/cldr.json: dates, times, relative days and numbers as CLDR words them in each language of the packs, with what
// they mean on 21 November 2026. The words are those of the ICU that Node.js has built in, and of the package `cldr-rbnf` (Unicode licence).
//
//   npm install --no-save cldr-rbnf@48
//   node scripts/cldr-cases.mjs > tests/it/agent/cldr.json

import { speller } from "./cldr-numbers.mjs";

const LOCALES = { en: "en-GB", es: "es", pt: "pt", zh: "zh", ms: "ms", id: "id", ru: "ru", ar: "ar-EG", de: "de", fr: "fr" };
const TODAY = Date.UTC(2026, 10, 21);
const DAY = 24 * 3600 * 1000;
const NUMBERS = [...Array(101).keys(), 101, 110, 111, 115, 120, 150, 199, 200, 201, 250, 300, 365, 500, 999, 1000, 1001, 1500, 2000, 2500];
const iso = (time) => new Date(time).toISOString().slice(0, 10);

const cases = [];
const add = (language, kind, text, value) => cases.push([language, kind, text.normalize("NFC"), value]);

for (const [language, locale] of Object.entries(LOCALES)) {
  const format = (options) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
  const styles = [
    { dateStyle: "full" }, { dateStyle: "long" }, { dateStyle: "medium" },
    { day: "numeric", month: "long" }, { weekday: "long", day: "numeric", month: "long" },
    { day: "2-digit", month: "2-digit", year: "numeric" },
  ];
  // Days on which every month, every weekday and every day of the month comes.
  for (let at = 0; at < 36; at++) {
    const day = TODAY + (3 + at * 10) * DAY;
    for (const style of styles) add(language, "date", format(style).format(day), iso(day));
  }
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const counted = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  for (const days of [0, 1, 2]) add(language, "date", relative.format(days, "day"), iso(TODAY + days * DAY));
  for (let count = 1; count <= 20; count++) {
    add(language, "date", counted.format(count, "day"), iso(TODAY + count * DAY));
    if (count <= 8) add(language, "date", counted.format(count, "week"), iso(TODAY + 7 * count * DAY));
  }
  const week = format({ weekday: "long" });
  for (let day = 1; day <= 7; day++) add(language, "date", week.format(TODAY + day * DAY), iso(TODAY + day * DAY));
  for (let minutes = 0; minutes < 24 * 60; minutes += 45) {
    const time = format({ hour: "numeric", minute: "2-digit", hour12: true }).format(minutes * 60 * 1000);
    const whole = format({ hour: "2-digit", minute: "2-digit", hour12: false, hourCycle: "h23" }).format(minutes * 60 * 1000);
    const value = new Date(minutes * 60 * 1000).toISOString().slice(11, 16);
    add(language, "time", time, value);
    if (minutes >= 13 * 60 || minutes < 10 * 60) add(language, "time", whole, value);
  }
  const spell = speller(language);
  for (const number of NUMBERS) for (const words of spell(number)) add(language, "number", words, String(number));
}
console.log("[\n" + cases.map((one) => JSON.stringify(one)).join(",\n") + "\n]");
