// A prompt's course over time and its versions side by side.
import { spreadChart } from "./chart_spread.js";
import { boxChart, meanChart, timeChart } from "./charts.js";
import { h } from "./dom.js";
import { card, empty, metricTitle, metricUnit } from "./widgets.js";

const COLORS = 8;
const SHOWN_SERIES = 6;

export function chartsPanel(app, prompt) {
  const measured = prompt.versions.filter((v) => v.calls);
  if (!measured.length) return card("", {}, empty("Nothing to draw yet.", "Charts appear once calls are logged."));
  const color = new Map(measured.toReversed().map((v, at) => [v.version, at % COLORS]));
  return h("div", { class: "stack" }, overTime(prompt, color), byVersion(app, prompt, measured, color), spreads(app, measured, color));
}

function groupTitle(text) {
  return h("h3", { class: "group-title" }, text);
}

function overTime(prompt, color) {
  const series = prompt.series.slice(-SHOWN_SERIES);
  if (!series.length) return null;
  const per = prompt.bucket === "week" ? "per week" : "per day";
  const left = prompt.series.length - series.length;
  const rest = left ? `; the ${SHOWN_SERIES} latest of ${prompt.series.length} versions` : "";
  const draw = (title, note, unit, key, options = {}) => {
    const high = options.high;
    const shown = series.map((one) => ({
      name: one.version.version,
      color: color.get(one.version.version) ?? 0,
      points: one.dates.map((date, at) => ({ date, y: one[key][at], n: one.calls[at], ...(high ? { high: one[high][at] } : {}) })),
    }));
    if (!shown.some((one) => one.points.some((p) => p.y !== null))) return null;
    return timeChart({ title, note: note + rest, unit, series: shown, bucket: prompt.bucket, highName: high ? "p95" : "", lowName: options.name ?? "mean", zero: options.zero ?? true, height: options.height ?? 200, level: "h4" });
  };
  return [
    groupTitle("Over time"),
    draw("Latency over time", `Median (solid) and p95 (dotted: 19 of 20 calls are faster), ${per}`, "ms", "p50", { high: "p95", name: "median", height: 280 }),
    h(
      "div",
      { class: "columns even" },
      draw("Calls over time", per, "tokens", "calls", { name: "calls" }),
      draw("Cost over time", `all calls, ${per}`, "money", "cost", { name: "cost" }),
      draw("Tokens over time", `input and output, ${per}`, "tokens", "tokens", { name: "tokens" }),
      draw("Quality over time", `mean, ${per}`, "", "quality", { zero: false }),
      draw("Success over time", `share of calls, ${per}`, "ratio", "success", { zero: false, name: "success" }),
    ),
  ];
}

function byVersion(app, prompt, measured, color) {
  const items = (metric) => measured.filter((v) => v.metrics[metric]).map((v) => ({ name: v.version, summary: v.metrics[metric], color: 0 }));
  const means = [...new Set(measured.flatMap((v) => Object.keys(v.metrics)))].filter((name) => !["latency", "input_tokens", "output_tokens"].includes(name));
  const note = "Mean with its 95% interval";
  return [
    groupTitle("By version"),
    boxChart({ title: "Latency by version", note: "Box: the middle half of the calls, with their median; line: from the 5th to the 95th percentile", unit: "ms", items: items("latency"), height: 254, level: "h4" }),
    h(
      "div",
      { class: "columns even" },
      means.map((name) => meanChart({ title: `${metricTitle(app.index, name)} by version`, note, unit: metricUnit(app.index, name), zero: name === "cost", items: items(name), level: "h4" })),
      ["input_tokens", "output_tokens"].filter((name) => items(name).length).map((name) => boxChart({ title: `${metricTitle(app.index, name)} by version`, note: "median, middle half, 5th to 95th percentile", unit: "tokens", items: items(name), level: "h4" })),
    ),
  ];
}

function spreads(app, measured, color) {
  const last = measured.slice(-2);
  const names = ["latency", "cost", "quality"].filter((name) => last.some((v) => v.metrics[name]?.histogram));
  if (!names.length) return null;
  return [
    groupTitle(last.length > 1 ? "The last two versions" : "The last version"),
    h(
      "div",
      { class: "columns even" },
      names.map((name) =>
        spreadChart({
          title: `How ${metricTitle(app.index, name).toLowerCase()} spreads`,
          note: "Share of calls",
          level: "h4",
          unit: metricUnit(app.index, name),
          items: last.map((v) => ({ name: v.version, summary: v.metrics[name], color: color.get(v.version) })),
        }),
      ),
    ),
  ];
}
