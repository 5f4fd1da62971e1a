const reference = document.getElementById("reference").textContent;
const copy = document.getElementById("copy");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(reference);
      document.getElementById("said").textContent = "Copied.";
    } catch {
      document.getElementById("said").textContent = "Select the reference and copy it.";
    }
  });
}
// Behind the load and a moment to read: a page that goes on earlier is not in the history. Whoever comes back is not sent away again.
const PAUSE_MS = 1200;
addEventListener("load", () => {
  const [visit] = performance.getEntriesByType("navigation");
  if (visit?.type !== "back_forward") setTimeout(() => location.assign(document.getElementById("open").href), PAUSE_MS);
});
