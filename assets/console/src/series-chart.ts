/**
 * `<series-chart data-series="{…}">`: the drawing inside becomes one that tells the numbers of a day, by pointer and by arrow keys, and
 * whose days can be chosen by drawing across them. Its code is loaded only where there is one.
 */
class SeriesChart extends HTMLElement {
  async connectedCallback(): Promise<void> {
    const text = this.dataset["series"];
    if (!text || this.dataset["drawn"]) return;
    this.dataset["drawn"] = "";
    const address = new URL("chart.js", import.meta.url).href;
    const { draw } = (await import(address)) as typeof import("./chart");
    if (this.isConnected) draw(this, JSON.parse(text));
  }
}

customElements.define("series-chart", SeriesChart);
