// Tabs of one window of Chromium, of which one is seen and the others are hidden, as a person has them. (Playwright's own pages are
// all seen at the same time.)

/** Opens a tab behind the one that is seen: `{text(), isHidden(), bringToFront(), close()}`. `cookies` are those of a context. */
export async function openTab(browser, url, cookies) {
  const devtools = await browser.newBrowserCDPSession();
  await devtools.send("Storage.setCookies", { cookies });
  const { targetId } = await devtools.send("Target.createTarget", { url, background: true });
  const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
  const waiting = new Map();
  devtools.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message);
    waiting.get(id)?.(result);
  });
  let last = 0;
  const evaluate = async (expression) => {
    const id = ++last;
    const responded = new Promise((resolve) => waiting.set(id, resolve));
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params: { expression } });
    await devtools.send("Target.sendMessageToTarget", { sessionId, message });
    // None while the tab goes from one page to another.
    return (await responded)?.result?.value;
  };
  return {
    text: async () => (await evaluate("document.body?.innerText")) ?? "",
    isHidden: () => evaluate("document.hidden"),
    bringToFront: () => devtools.send("Target.activateTarget", { targetId }),
    close: () => devtools.send("Target.closeTarget", { targetId }),
  };
}
