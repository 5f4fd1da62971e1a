// Narrow screens show one pane at a time; the tabs choose, and count the events that came while out of sight.

export function panes(bar, badge) {
  let unseen = 0;

  const count = (to) => {
    unseen = document.body.dataset.pane === "listener" ? 0 : to;
    badge.hidden = unseen === 0;
    badge.textContent = String(unseen);
  };
  const show = (name) => {
    document.body.dataset.pane = name;
    for (const tab of bar.children) tab.setAttribute("aria-current", String(tab.dataset.show === name));
    count(unseen);
  };
  bar.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-show]");
    if (tab) show(tab.dataset.show);
  });
  return {
    show,
    arrived: () => count(unseen + 1),
    clear() {
      count(0);
      show("shop");
    },
  };
}
