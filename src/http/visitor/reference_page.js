const reference = document.getElementById("reference").textContent;
const copy = document.getElementById("copy");
const said = document.getElementById("said");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(reference);
      said.textContent = said.dataset.copied;
    } catch {
      said.textContent = said.dataset.byHand;
    }
  });
}
// Behind the load and a moment to read: a page that goes on earlier is not in the history. Whoever comes back is not sent away again.
const PAUSE_MS = 1200;
addEventListener("load", () => {
  const [visit] = performance.getEntriesByType("navigation");
  if (visit?.type !== "back_forward") setTimeout(() => location.assign(document.getElementById("open").href), PAUSE_MS);
});
