// The kinds of charts: lines over time, boxes and means by version, distributions, small marks.
import { chartCard, shape } from "./chart.js";
import { endLabels } from "./chart_labels.js";
import { s, h } from "./dom.js";
import { count, day, effectUnit, metricValue, shortVersion, signed } from "./format.js";
import { DAY, dateAxis, linear, valueAxis } from "./scales.js";

const MARGIN = { left: 40, top: 12, bottom: 28 };
// Beneath the versions stand their numbers of calls.
const SECOND_LINE = 14;
// The width of a letter of a version.
const LETTER = 7.2;

export function frameOf(width, height, right) {
  return { left: MARGIN.left, right: width - right, top: MARGIN.top, bottom: height - MARGIN.bottom };
}

export function path(points) {
  return points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

// Splits a course where values are missing, so that no line is drawn across a gap.
function runs(points) {
  const found = [];
  let current = [];
  for (const point of points) {
    if (point.y === null || point.y === undefined) {
      if (current.length) found.push(current);
      current = [];
    } else current.push(point);
  }
  if (current.length) found.push(current);
  return found;
}

// series: [{name, color, points: [{date, y, high, n}]}]
export function timeChart({ title, note, unit, zero = true, series, bucket = "day", height = 260, highName = "p95", lowName = "median", level }) {
  const format = (value) => metricValue(value, unit);
  const shown = series.filter((one) => one.points.some((p) => p.y !== null));
  const rows = () =>
    shown.flatMap((one) =>
      one.points.map((p) => [
        `${p.date} · ${one.name}`, format(p.y), ...(highName ? [format(p.high ?? null)] : []), count(p.n),
      ]),
    );
  return chartCard({
    title,
    note,
    level,
    height,
    legend: shown.length > 1 ? shown.map((one) => [one.name, one.color, ""]) : [],
    draw: ({ width, height }) => drawTime({ shown, width, height, format, zero, unit, bucket, highName, lowName }),
    table: { head: [`${bucket === "week" ? "Week of" : "Day"} · version`, lowName, ...(highName ? [highName] : []), "Calls"], rows },
  });
}

function drawTime({ shown, width, height, format, zero, unit, bucket, highName, lowName }) {
  // One line alone is what the title says.
  const named = width > 480 && shown.length > 1;
  const longest = Math.max(0, ...shown.map((one) => shortVersion(one.name).length));
  const frame = frameOf(width, height, named ? 20 + longest * LETTER : 12);
  const all = shown.flatMap((one) => one.points);
  const times = all.map((p) => Date.parse(p.date));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const span = from === to ? [from - DAY, to + DAY] : [from, to];
  const values = valueAxis(frame, all.flatMap((p) => [p.y, p.high ?? null]), { zero, unit });
  const dates = dateAxis(frame, ...span);
  const nodes = [values.nodes, dates.nodes];
  const labels = [];
  const lines = [];
  for (const one of shown) {
    const at = (p) => dates.x(Date.parse(p.date));
    for (const run of runs(one.points)) {
      const line = run.map((p) => [at(p), values.y(p.y)]);
      if (run.every((p) => p.high !== null && p.high !== undefined)) {
        const top = run.map((p) => [at(p), values.y(p.high)]);
        nodes.push(s("path", { class: `band c${one.color}`, d: `${path(top)}${path(line.toReversed()).replace("M", "L")}Z` }));
        nodes.push(s("path", { class: `line dotted c${one.color}`, d: path(top) }));
      }
      if (run.length === 1) nodes.push(s("circle", { class: `spot c${one.color}`, cx: line[0][0], cy: line[0][1], r: 3 }));
      nodes.push(s("path", { class: `line c${one.color}`, d: path(line) }));
      lines.push(line);
    }
    const last = one.points.findLast((p) => p.y !== null);
    const end = [at(last), values.y(last.y)];
    if (shown.length > 1) nodes.push(shape(one.color, ...end));
    labels.push({ name: one.name, color: one.color, x: end[0], y: end[1] });
  }
  if (named) nodes.push(endLabels(labels, lines, frame, longest * LETTER));
  return { nodes, marks: timeMarks(shown, dates, values, frame, { format, bucket, highName, lowName }) };
}

function timeMarks(shown, dates, values, frame, { format, bucket, highName, lowName }) {
  const byDate = new Map();
  for (const one of shown) {
    for (const p of one.points) {
      if (p.y === null) continue;
      if (!byDate.has(p.date)) byDate.set(p.date, []);
      byDate.get(p.date).push([one, p]);
    }
  }
  return [...byDate.keys()].sort().map((date) => ({
    x: dates.x(Date.parse(date)),
    rule: [frame.top, frame.bottom],
    title: bucket === "week" ? `Week of ${day(date)}` : day(date),
    points: byDate.get(date).map(([one, p]) => [values.y(p.y), one.color]),
    lines: byDate.get(date).flatMap(([one, p]) => [
      [`${one.name} ${lowName}`, format(p.y), one.color],
      ...(highName && p.high !== null && p.high !== undefined ? [[`${one.name} ${highName}`, format(p.high), one.color]] : []),
      ["calls", count(p.n)],
    ]),
  }));
}

// items: [{name, summary, color}]
export function boxChart({ title, note, unit, items, height = 240, level }) {
  const format = (value) => metricValue(value, unit);
  const withBoxes = items.filter((item) => item.summary?.quantiles?.length);
  return chartCard({
    title,
    note,
    level,
    height,
    draw: ({ width, height }) => {
      const { frame, shown, place, axis, told } = columns(width, height, withBoxes, (item) => item.summary.quantiles, { unit, zero: unit !== "" && unit !== "ratio" });
      const half = Math.min(18, place.step * 0.32);
      const nodes = [axis.nodes, versionTicks(frame, shown, place)];
      const marks = shown.map((item, at) => {
        const x = place(at);
        const [p5, p25, p50, p75, p95] = item.summary.quantiles;
        nodes.push(
          s("line", { class: `line c${item.color}`, x1: x, x2: x, y1: axis.y(p5), y2: axis.y(p95) }),
          s("rect", { class: `box c${item.color}`, x: x - half, width: 2 * half, y: axis.y(p75), height: Math.max(1, axis.y(p25) - axis.y(p75)), rx: 3 }),
          s("line", { class: `line median c${item.color}`, x1: x - half, x2: x + half, y1: axis.y(p50), y2: axis.y(p50) }),
        );
        return {
          x,
          title: item.name,
          rule: [frame.top, frame.bottom],
          lines: [["p95", format(p95)], ["p75", format(p75)], ["median", format(p50)], ["p25", format(p25)], ["p5", format(p5)], ["calls", count(item.summary.n)]],
        };
      });
      return { nodes, marks, told };
    },
    table: {
      head: ["Version", "Calls", "p5", "p25", "Median", "p75", "p95"],
      rows: () => withBoxes.map((item) => [item.name, count(item.summary.n), ...item.summary.quantiles.map(format)]),
    },
  });
}

// Means with their 95 % intervals. items: [{name, summary, color}]
export function meanChart({ title, note, unit, zero = false, items, height = 220, level }) {
  const format = (value) => metricValue(value, unit);
  const known = items.filter((item) => item.summary);
  const ends = ({ summary }) => [summary.low ?? summary.mean, summary.high ?? summary.mean];
  return chartCard({
    title,
    note,
    level,
    height,
    draw: ({ width, height }) => {
      const { frame, shown, place, axis, told } = columns(width, height, known, ends, { unit, zero });
      const nodes = [axis.nodes, versionTicks(frame, shown, place)];
      nodes.push(s("path", { class: "thread", d: path(shown.map((item, at) => [place(at), axis.y(item.summary.mean)])) }));
      const marks = shown.map((item, at) => {
        const x = place(at);
        const [low, high] = ends(item);
        nodes.push(
          s("line", { class: `line c${item.color}`, x1: x, x2: x, y1: axis.y(low), y2: axis.y(high) }),
          s("line", { class: `line c${item.color}`, x1: x - 4, x2: x + 4, y1: axis.y(low), y2: axis.y(low) }),
          s("line", { class: `line c${item.color}`, x1: x - 4, x2: x + 4, y1: axis.y(high), y2: axis.y(high) }),
          s("circle", { class: `spot c${item.color}`, cx: x, cy: axis.y(item.summary.mean), r: 4 }),
        );
        const lines = [["mean", format(item.summary.mean)]];
        if (item.summary.low !== null) lines.push(["95% interval", `${format(low)} to ${format(high)}`]);
        return { x, title: item.name, rule: [frame.top, frame.bottom], lines: [...lines, ["n", count(item.summary.n)]] };
      });
      return { nodes, marks, told };
    },
    table: {
      head: ["Version", "n", "Mean", "95% from", "95% to"],
      rows: () => known.map((item) => [item.name, count(item.summary.n), format(item.summary.mean), format(item.summary.low), format(item.summary.high)]),
    },
  });
}

function columns(width, height, items, values, scale) {
  const frame = frameOf(width, height - SECOND_LINE, 8);
  const room = Math.max(3, Math.floor((frame.right - frame.left) / 24));
  // Where not all fit, the latest do; the table behind has all.
  const shown = items.slice(-room);
  const axis = valueAxis(frame, shown.flatMap(values), scale);
  const step = (frame.right - frame.left) / Math.max(1, shown.length);
  const place = (at) => frame.left + (at + 0.5) * step;
  place.step = step;
  const told = shown.length < items.length ? `the ${count(shown.length)} latest of ${count(items.length)} versions` : "";
  return { frame, shown, place, axis, told };
}

// The version and its number of calls beneath as many columns as have room, the latest always.
function versionTicks(frame, shown, place) {
  let free = Infinity;
  const nodes = [];
  for (let at = shown.length - 1; at >= 0; at--) {
    const [name, number] = [shortVersion(shown[at].name), `n ${count(shown[at].summary.n)}`];
    const half = Math.max(name.length * LETTER, number.length * 6.6) / 2;
    if (place(at) + half > free) continue;
    free = place(at) - half - 8;
    const line = (text, y, kind) => s("text", { class: `tick ${kind}`, x: place(at), y: frame.bottom + y, "text-anchor": "middle" }, text);
    nodes.push(line(name, 18, ""), line(number, 32, "fine"));
  }
  return nodes;
}

export function sparkline(values, { width = 96, height = 24, label = "", fill = false } = {}) {
  const known = values.filter((v) => v !== null);
  if (known.length < 2) return null;
  const low = Math.min(0, ...known);
  const high = Math.max(...known, low + 1e-9);
  const x = linear(0, values.length - 1, 2, width - 4);
  const y = linear(low, high, height - 3, 3);
  const lines = runs(values.map((v, at) => ({ y: v, at }))).map((run) => run.map((p) => [x(p.at), y(p.y)]));
  const [endX, endY] = lines.at(-1).at(-1);
  return s(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, width: fill ? "100%" : width, height, preserveAspectRatio: fill ? "none" : "xMidYMid", role: "img", "aria-label": label },
    lines.map((line) => s("path", { class: "band c0", d: `${path(line)}L${line.at(-1)[0]} ${height}L${line[0][0]} ${height}Z` })),
    lines.map((line) => s("path", { class: "line c0 thin", d: path(line), "vector-effect": "non-scaling-stroke" })),
    fill ? null : s("circle", { class: "spot c0", cx: endX, cy: endY, r: 2 }),
  );
}

// An effect with its interval against zero and the gate's limit, all metrics on one scale.
export function effectBar(comparison, reach, { width = 180, height = 24 } = {}) {
  if (comparison.effect === null || comparison.effect === undefined) return h("span", { class: "muted" }, "none");
  const x = linear(-reach, reach, 6, width - 6);
  const clip = (value) => Math.max(2, Math.min(width - 2, x(value)));
  const limit = limitOf(comparison.limit);
  const { scale, unit } = effectUnit(comparison);
  const middle = height / 2;
  const tone = { regression: "worse", better: "better", ok: "fine" }[comparison.verdict] ?? "open";
  const label = `effect ${signed(comparison.effect, scale, unit)}${unit}, limit ${comparison.limit || "none"}`;
  return s(
    "svg",
    { class: `effect ${tone}`, width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    s("line", { class: "track", x1: 2, x2: width - 2, y1: middle, y2: middle }),
    s("line", { class: "axis", x1: x(0), x2: x(0), y1: 2, y2: height - 2 }),
    limit !== null && Math.abs(limit) <= reach ? s("line", { class: "limit", x1: x(limit), x2: x(limit), y1: 3, y2: height - 3 }) : null,
    comparison.low === null ? null : s("line", { class: "reach", x1: clip(comparison.low), x2: clip(comparison.high), y1: middle, y2: middle }),
    Math.abs(comparison.effect) > reach ? beyond(comparison.effect, width, middle) : s("circle", { class: "point", cx: x(comparison.effect), cy: middle, r: 4 }),
  );
}

// What lies outside the axis points there.
function beyond(effect, width, middle) {
  const [edge, back] = effect > 0 ? [width - 1, width - 10] : [1, 10];
  return s("path", { class: "point", d: `M${back} ${middle - 5}L${edge} ${middle}L${back} ${middle + 5}Z` });
}

export function limitOf(text) {
  const match = /^([+-]?[\d.]+)(%|pp)?$/.exec(text ?? "");
  if (!match) return null;
  return Number(match[1]) / (match[2] ? 100 : 1);
}

// The common reach of effect bars: whole tens of percent that hold intervals and limits, at most 100.
export function reachOf(comparisons) {
  const ends = comparisons.flatMap((c) => [c.low, c.high, c.effect, limitOf(c.limit)]).filter((v) => v !== null && Number.isFinite(v));
  const most = Math.max(0.1, ...ends.map(Math.abs));
  return Math.min(1, Math.ceil(most * 10) / 10);
}
