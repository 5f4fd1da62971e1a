// Every page of the console by axe, in one theme, at three widths.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFindings } from "./axe.mjs";
import { visitor } from "./browser.mjs";
import { strictPage } from "./console.mjs";
import { startShown } from "./shown.mjs";

const WIDTHS = [1440, 768, 390];

export function everyPageIsAccessible(colorScheme) {
  let shown;
  before(async () => (shown = await startShown()));
  after(() => shown?.stop());

  for (const width of WIDTHS) {
    test(`axe finds nothing on any page, ${width} px, ${colorScheme}`, async (t) => {
      const { demo, browser, pages } = shown;
      const person = await visitor(t, browser, { viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce" });
      const page = await strictPage(person);
      const found = [];
      for (const { path } of pages) {
        const response = await page.goto(demo.url + path);
        assert.equal(response.status(), 200, path);
        for (const finding of await axeFindings(page)) found.push(`${path}: ${finding}`);
        for (const refused of await page.evaluate(() => window.refused)) found.push(`${path}: refused ${refused}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${path}: ${wide} px too wide`);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(person.complaints, []);
    });
  }
}
