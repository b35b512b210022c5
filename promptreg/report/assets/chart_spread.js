// How the values of a metric spread: one outline per version, on one scale, with its median.
import { chartCard } from "./chart.js";
import { frameOf, path } from "./charts.js";
import { s } from "./dom.js";
import { count, metricValue, tickText } from "./format.js";
import { linear, niceTicks, roundStep, valueAxis } from "./scales.js";

const WANTED_STEPS = 20;
// The most that one round step is of the one before.
const COARSEST = 2.5;

// items: [{name, summary, color}]
export function spreadChart({ title, note, unit, items, height = 220, level }) {
  const format = (value) => metricValue(value, unit);
  const known = items.filter((item) => item.summary?.histogram).map(withBins);
  const low = Math.min(...known.map((item) => item.bins[0].from));
  const high = Math.max(...known.map((item) => item.bins.at(-1).to));
  // Bins of two versions differ in width: what can be compared is the share of an equal stretch. One
  // that is wider than the narrowest bins would say that more than all calls lie there.
  const densest = Math.max(...known.flatMap((item) => item.bins.map((bin) => bin.density)));
  const step = Math.min(roundStep(low, high, WANTED_STEPS), roundStep(0, 1 / densest, COARSEST));
  const median = (item) => item.summary.quantiles?.[2] ?? null;
  return chartCard({
    title,
    note: `${note} per ${tickText(step, unit, step)}${unit === "tokens" ? " tokens" : ""}; dashed: median`,
    level,
    height,
    legend: known.map((item) => [item.name, item.color, `n ${count(item.summary.n)}`]),
    draw: ({ width, height }) => drawSpread({ known, width, height, low, high, step, unit, format, median }),
    table: {
      head: ["Version · from", "To", "Share of calls"],
      rows: () => known.flatMap((item) => item.bins.map((bin) => [`${item.name} · ${format(bin.from)}`, format(bin.to), percent(bin.share)])),
    },
  });
}

function withBins(item) {
  const { low, high, counts } = item.summary.histogram;
  const size = (high - low) / counts.length || 1;
  const all = counts.reduce((a, b) => a + b, 0) || 1;
  return { ...item, bins: counts.map((n, at) => ({ from: low + at * size, to: low + (at + 1) * size, share: n / all, density: n / all / size })) };
}

function percent(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.01 ? 1 : 0)}%`;
}

function drawSpread({ known, width, height, low, high, step, unit, format, median }) {
  const frame = frameOf(width, height, 12);
  const axis = valueAxis(frame, known.flatMap((item) => item.bins.map((bin) => bin.density * step)), { unit: "ratio" });
  const x = linear(low, high, frame.left, frame.right);
  const nodes = [axis.nodes];
  const marks = [];
  for (const item of known) {
    const steps = item.bins.flatMap((bin) => [[x(bin.from), axis.y(bin.density * step)], [x(bin.to), axis.y(bin.density * step)]]);
    const outline = [[x(item.bins[0].from), frame.bottom], ...steps, [x(item.bins.at(-1).to), frame.bottom]];
    nodes.push(s("path", { class: `band c${item.color}`, d: `${path(outline)}Z` }), s("path", { class: `line c${item.color}`, d: path(outline) }));
    if (median(item) !== null) nodes.push(s("line", { class: `line middle c${item.color}`, x1: x(median(item)), x2: x(median(item)), y1: frame.top, y2: frame.bottom }));
    for (const bin of item.bins) {
      const lines = [[`${item.name}, share of calls`, percent(bin.share), item.color]];
      if (median(item) !== null) lines.push(["median", format(median(item))]);
      marks.push({ x: x((bin.from + bin.to) / 2), title: `${format(bin.from)} to ${format(bin.to)}`, rule: [frame.top, frame.bottom], lines: [...lines, ["n", count(item.summary.n)]] });
    }
  }
  const ticks = niceTicks(low, high, Math.max(3, Math.min(8, Math.floor((frame.right - frame.left) / 90)))).filter((tick) => tick >= low && tick <= high);
  let free = -Infinity;
  for (const tick of ticks) {
    const at = x(tick);
    const text = tickText(tick, unit, ticks[1] - ticks[0] || 1);
    const half = text.length * 3.6;
    // Tiny amounts have long labels.
    if (at - half < free) continue;
    free = at + half + 8;
    nodes.push(s("text", { class: "tick", x: at, y: frame.bottom + 18, "text-anchor": at > frame.right - half ? "end" : at < frame.left + half ? "start" : "middle" }, text));
  }
  marks.sort((a, b) => a.x - b.x);
  return { nodes, marks };
}
