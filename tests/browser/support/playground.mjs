// The playground's page and its frames, for tests and screenshots.

const TURNS_MAX = 10;

/** Opens the playground with nothing in it yet: `{page, shop, phone, journey(step)}`. */
export async function openPlayground(page, base) {
  await fetch(`${base}/playground/reset`, { method: "POST" });
  await page.goto(`${base}/playground`);
  const shop = page.frameLocator("#shop");
  const phone = page.frameLocator("#phone");
  await shop.getByRole("link", { name: "Chat with us" }).waitFor();
  await phone.locator("#waiting").waitFor({ state: "attached" });
  await page.locator("#live[data-state='live']").waitFor({ state: "attached" });
  return { page, shop, phone, journey: (step) => page.locator(`[data-step="${step}"] .value`) };
}

/** Taps the first reply that the phone offers, question by question, until the lead is complete. */
export async function answerUntilComplete(page, phone) {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    const complete = await page.waitForFunction(() => {
      if (document.querySelector("[data-event='lead.complete']")) return "complete";
      return document.querySelector("#phone").contentDocument.querySelector(".suggestions button") && "asked";
    });
    if ((await complete.jsonValue()) === "complete") return;
    await phone.locator(".suggestions button").first().click();
  }
  throw new Error(`the lead is not complete after ${TURNS_MAX} replies`);
}

/** A whole conversation, from the ad to the complete lead, so that the console has something to show. */
export async function converse(browser, base) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const { shop, phone } = await openPlayground(page, base);
  await shop.getByRole("link", { name: "Chat with us" }).click();
  await phone.getByText("Written by the link").waitFor();
  await phone.getByRole("button", { name: "Send" }).click();
  await answerUntilComplete(page, phone);
  await page.locator("[data-event='lead.complete'] .verified").waitFor();
  await page.close();
}
