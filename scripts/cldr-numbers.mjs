// Whole numbers in words by CLDR's rules for spelling them (rule-based number formats, Unicode licence). The rules are read from the
// package `cldr-rbnf`, which nothing else needs: `npm install --no-save cldr-rbnf@48`.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The words for a number in a language, in each gender and case: `speller("en")(12)` is `["twelve"]`. */
export function speller(language) {
  const file = require.resolve(`cldr-rbnf/rbnf/${language}.json`);
  const sets = JSON.parse(readFileSync(file, "utf8")).rbnf.rbnf.SpelloutRules;
  const plurals = new Intl.PluralRules(language);
  const parsed = Object.fromEntries(Object.entries(sets).filter(([, rules]) => Array.isArray(rules)).map(([name, rules]) => [name, rules.flatMap(parse)]));

  const spell = (name, number) => {
    const rule = parsed[name].findLast((rule) => rule.value <= number);
    const rest = number % rule.divisor;
    const text = rule.text.replace(/\[([^\]]*)\]/g, (_, optional) => (rest ? optional : ""));
    return text.replace(/([→←=])(%{1,2}[^→←=]+)?\1|\$\(cardinal,([^)]*)\)\$/g, (_, mark, set, forms) => {
      if (forms) {
        const form = plurals.select(Math.floor(number / rule.divisor));
        return (forms.match(new RegExp(`${form}{([^}]*)}`)) ?? forms.match(/other{([^}]*)}/))[1];
      }
      return spell(set ?? name, { "→": rest, "←": Math.floor(number / rule.divisor), "=": number }[mark]);
    });
  };

  // Not those of years and of days of the month, nor of what has no singular.
  const names = Object.keys(parsed).filter((name) => /^%spellout-(cardinal|numbering)/.test(name) && !/year|days|plural/.test(name));
  return (number) => [...new Set(names.map((name) => spell(name, number).replaceAll("\u00ad", "")))];
}

/** A rule for the numbers from `value` on; those of fractions and signs are left out. */
function parse([base, text]) {
  if (!/^\d+(\/\d+)?>*$/.test(base)) return [];
  const [value, radix = 10] = base.replaceAll(">", "").split("/").map(Number);
  let divisor = 1;
  while (divisor * radix <= value) divisor *= radix;
  for (const _ of base.match(/>/g) ?? []) divisor /= radix;
  return [{ value, divisor, text: text.replace(/;$/, "").replace(/^'/, "") }];
}
