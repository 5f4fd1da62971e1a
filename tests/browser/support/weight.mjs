// How heavy a page is, as the browser gets it with an empty cache, and how still it holds.

/** Opens a page: `{bytes, nodes, shift, refused}`. */
export async function weigh(person, url) {
  const page = await person.newPage();
  const network = await person.context.newCDPSession(page);
  let bytes = 0;
  await network.send("Network.enable");
  await network.send("Network.setCacheDisabled", { cacheDisabled: true });
  network.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.addInitScript(() => {
    window.shift = 0;
    window.refused = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
  });
  // Pages with a stream never fall silent.
  await page.goto(url);
  await page.evaluate(() => document.fonts.ready);
  const measured = await page.evaluate(() => ({ nodes: document.querySelectorAll("*").length, shift: window.shift, refused: window.refused }));
  await page.close();
  return { bytes, ...measured };
}
