import type { Series } from "./chart";

/**
 * `<series-chart label="…" data-series="{…}">`: the drawing inside becomes one that tells the numbers of a day, by pointer and by arrow
 * keys, and whose days can be chosen by drawing across them. The code for that is large: it is loaded once somebody turns to the drawing.
 */
class SeriesChart extends HTMLElement {
  connectedCallback(): void {
    const text = this.dataset["series"];
    if (!text || this.role) return;
    const series = JSON.parse(text) as Series;
    this.becomeSlider(series);
    const turnedTo = new AbortController();
    const load = () => {
      turnedTo.abort();
      void this.draw(series);
    };
    for (const event of ["pointerenter", "focus"]) this.addEventListener(event, load, { signal: turnedTo.signal });
  }

  private becomeSlider(series: Series): void {
    const last = series.days.length - 1;
    this.tabIndex = 0;
    this.role = "slider";
    this.ariaLabel = this.getAttribute("label");
    this.ariaValueMin = "0";
    this.ariaValueMax = this.ariaValueNow = String(last);
    this.ariaValueText = series.labels[last] ?? "";
  }

  private async draw(series: Series): Promise<void> {
    const address = new URL("chart.js", import.meta.url).href;
    const { draw } = (await import(address)) as typeof import("./chart");
    if (this.isConnected) draw(this, series);
  }
}

customElements.define("series-chart", SeriesChart);
