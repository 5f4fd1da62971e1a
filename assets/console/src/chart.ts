// The lines of the overview by uPlot. A bundle of its own: `series-chart.ts` loads it.
import uPlot from "uplot";

/** The numbers of days, or months: as they are called, in order. */
export interface Series {
  /** ISO 8601. */
  days: string[];
  /** As people read them. */
  labels: string[];
  clicks: number[];
  conversations: number[];
  /** Clicks of the compared period; empty where nothing is compared. */
  before: number[];
  /** Whether days can be chosen. */
  daily: boolean;
}

const HEIGHT_PX = 196;
const AXIS_PX = 20;
/** Pixels between two days that are written under the drawing. */
const LABEL_PX = 110;
const number = new Intl.NumberFormat("en-US");

/** Draws into `host`, instead of what stands there. */
export function draw(host: HTMLElement, series: Series): void {
  const still = host.firstElementChild;
  const said = document.createElement("p");
  said.className = "said small";
  said.hidden = true;
  const chart = make(host, series, said);
  still?.remove();
  host.append(said);
  new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: HEIGHT_PX })).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw(false, true));
  byKeys(host, chart, series);
}

function make(host: HTMLElement, series: Series, said: HTMLElement): uPlot {
  const color = (name: string) => () => getComputedStyle(host).getPropertyValue(name).trim() || "gray";
  const resolved = (name: string) => () => resolve(host, color(name)());
  const axis = { stroke: resolved("--muted"), font: "12px Inter, sans-serif", ticks: { show: false }, gap: 6 };
  const grid = { stroke: resolved("--line"), width: 1 };
  const line = (label: string, name: string, more: Partial<uPlot.Series> = {}): uPlot.Series => ({
    label,
    stroke: resolved(name),
    width: 2,
    points: { show: series.days.length < 3 },
    ...more,
  });
  const before = series.before.length > 0;
  const data: uPlot.AlignedData = [series.days.map((_, day) => day), series.clicks, series.conversations];
  if (before) data.push(series.before);
  const options: uPlot.Options = {
    width: host.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { drag: { x: series.daily, y: false, setScale: false }, points: { size: 7 } },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(3, most * 1.05)] } },
    axes: [
      { ...axis, size: AXIS_PX, grid: { show: false }, space: LABEL_PX, values: (_, at) => at.map((day) => (Number.isInteger(day) ? (series.labels[day] ?? "") : "")) },
      { ...axis, grid, size: (_, values) => 12 + 7 * Math.max(1, ...(values ?? []).map((value) => value.length)), values: (_, at) => at.map((value) => number.format(value)) },
    ],
    series: [{}, line("Clicks", "--step-1"), line("Conversations", "--step-2"), ...(before ? [line("Clicks before", "--control", { width: 1.5, dash: [4, 4] })] : [])],
    hooks: {
      setCursor: [
        (chart) => {
          const day = chart.cursor.idx;
          said.hidden = day === null || day === undefined;
          if (!said.hidden) said.textContent = sentence(series, day as number);
        },
      ],
      setSelect: [(chart) => choose(host, series, chart)],
    },
  };
  return new uPlot(options, data, host);
}

/** A colour as a canvas takes it: `light-dark()` is none of its words. */
function resolve(host: HTMLElement, color: string): string {
  const probe = document.createElement("i");
  probe.style.color = color;
  host.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return computed;
}

function sentence(series: Series, day: number): string {
  const count = (of: number[] | undefined) => number.format(of?.[day] ?? 0);
  const before = series.before.length > 0 ? `, ${count(series.before)} clicks before` : "";
  return `${series.labels[day]}: ${count(series.clicks)} clicks, ${count(series.conversations)} conversations${before}`;
}

/** Opens the days that were drawn across. */
function choose(host: HTMLElement, series: Series, chart: uPlot): void {
  const { left, width } = chart.select;
  if (!series.daily || width < 4) return;
  const at = (pixel: number) => Math.min(series.days.length - 1, Math.max(0, Math.round(chart.posToVal(pixel, "x"))));
  const [from, to] = [series.days[at(left)], series.days[at(left + width)]];
  const address = new URL(location.href);
  address.searchParams.delete("period");
  address.searchParams.set("from", from as string);
  address.searchParams.set("to", to as string);
  location.assign(address);
}

/** A slider over the days for the keyboard. */
function byKeys(host: HTMLElement, chart: uPlot, series: Series): void {
  const last = series.days.length - 1;
  let day = last;
  const show = (next: number) => {
    day = Math.min(last, Math.max(0, next));
    chart.setCursor({ left: chart.valToPos(day, "x"), top: chart.valToPos(series.clicks[day] ?? 0, "y") });
    host.ariaValueNow = String(day);
    host.ariaValueText = sentence(series, day);
  };
  const steps: Record<string, () => number> = {
    ArrowRight: () => day + 1,
    ArrowUp: () => day + 1,
    ArrowLeft: () => day - 1,
    ArrowDown: () => day - 1,
    PageUp: () => day + 7,
    PageDown: () => day - 7,
    Home: () => 0,
    End: () => last,
  };
  host.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(step());
  });
  host.addEventListener("focus", () => show(day));
  if (host.ownerDocument.activeElement === host) show(day);
  host.addEventListener("blur", () => chart.setCursor({ left: -10, top: -10 }));
}
