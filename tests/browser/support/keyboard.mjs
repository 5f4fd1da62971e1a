// What the Tab key reaches.

/** Presses Tab as often as a page has controls, and gives those that never got the focus, or got it before one that stands earlier. */
export async function unreachedByTab(page) {
  const controls = await page.evaluate(() => {
    const selector = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], iframe";
    // One that is hidden from everybody is what the Enter key in a field presses.
    const isHidden = (node) => node.matches("[aria-hidden='true'][tabindex='-1']") || node.closest("[popover]:not(:popover-open):not(nav)");
    const isShown = (node) => node.checkVisibility({ visibilityProperty: true }) && !isHidden(node) && !node.disabled;
    // Of radio buttons of one name the arrow keys choose.
    const reachedOf = (name) => document.querySelector(`input[name="${name}"]:checked`) ?? document.querySelector(`input[name="${name}"]`);
    const isReached = (node) => node.type !== "radio" || node === reachedOf(node.name);
    window.controls = [...document.querySelectorAll(selector)].filter((node) => isShown(node) && isReached(node));
    window.reached = [];
    document.addEventListener("focusin", ({ target }) => window.reached.push(target));
    // A frame has the focus by what is in it.
    addEventListener("blur", () => document.activeElement.matches("iframe") && window.reached.push(document.activeElement));
    document.activeElement.blur();
    return window.controls.length;
  });
  for (let press = 0; press <= controls; press++) await page.keyboard.press("Tab");
  return page.evaluate(() => {
    const say = (node) => `${node.localName} "${(node.getAttribute("aria-label") ?? node.textContent ?? "").trim().slice(0, 40)}"`;
    const { controls, reached } = window;
    const isBack = (node, at) => at > 0 && reached[at - 1].compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING;
    const back = reached.filter(isBack);
    return [
      ...controls.filter((node) => !reached.includes(node)).map((node) => `${say(node)} is not reached`),
      // Once it goes from the end to the beginning.
      ...(back.length > 1 ? back.map((node) => `${say(node)} comes after what follows it`) : []),
    ];
  });
}
