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
// Whoever comes back is not sent away again.
const [visit] = performance.getEntriesByType("navigation");
if (visit?.type !== "back_forward") location.assign(document.getElementById("open").href);
