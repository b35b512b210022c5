// Axes of charts: round ticks, scales from data to pixels, calendar ticks.
import { s } from "./dom.js";
import { shortDay, tickText } from "./format.js";

export const DAY = 86_400_000;
// An axis that does not start at zero shows at least this share of the values it holds.
const LEAST_SPAN = 0.04;

// The round width that divides a stretch into at most `wanted` parts.
export function roundStep(low, high, wanted) {
  const raw = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  // Labels without decimals would say 3 and 8 for steps of 2.5.
  return [1, 2, power === 1 ? 2 : 2.5, 5, 10].map((m) => m * power).find((size) => size >= raw);
}

export function niceTicks(low, high, wanted = 5) {
  if (!(high > low)) return [low];
  const step = roundStep(low, high, wanted);
  const ticks = [];
  const last = Math.ceil(high / step - 1e-9);
  for (let at = Math.floor(low / step + 1e-9); at <= last; at++) ticks.push(Number((at * step).toPrecision(12)));
  return ticks;
}

export function linear(from, to, start, end) {
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

// Draws the axis and moves the frame's left edge to where its longest label ends.
export function valueAxis(frame, values, { zero = true, unit = "", wanted = 4 }) {
  const known = values.filter((v) => v !== null && v !== undefined);
  let [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  if (zero) low = Math.min(0, low);
  if (high === low) {
    const pad = Math.abs(high) * 0.1 || 1;
    high += pad;
    if (!zero) low -= pad;
  }
  // Seen too near, a course that hardly moves looks like one that jumps.
  const least = LEAST_SPAN * Math.max(Math.abs(low), Math.abs(high));
  if (!zero && high - low < least) [low, high] = [(low + high - least) / 2, (low + high + least) / 2];
  const share = unit === "ratio" && known.every((value) => value <= 1);
  if (share) high = Math.min(high, 1);
  // There is no half a call.
  const parts = unit === "tokens" ? Math.max(1, Math.min(wanted, high - low)) : wanted;
  let ticks = niceTicks(low, high, parts);
  // A share above 100 % cannot be; the axis ends there.
  if (share) ticks = ticks.filter((tick) => tick <= 1 + 1e-9);
  const y = linear(ticks[0], Math.max(ticks.at(-1), high), frame.bottom, frame.top);
  const labels = ticks.map((tick) => tickText(tick, unit, ticks[1] - ticks[0]));
  frame.left = Math.max(frame.left, Math.max(...labels.map((text) => text.length)) * 7.2 + 12);
  const nodes = ticks.map((tick, at) => {
    // Between two rows of pixels a line may be drawn in either: WebKit changes within one line.
    const line = Math.floor(y(tick)) + 0.5;
    return [
      s("line", { class: tick === 0 ? "axis" : "grid", x1: frame.left, x2: frame.right, y1: line, y2: line }),
      s("text", { class: "tick", x: frame.left - 8, y: y(tick) + 4, "text-anchor": "end" }, labels[at]),
    ];
  });
  return { y, nodes, ticks };
}

export function dateTicks(from, to, width) {
  const wanted = Math.max(2, Math.floor(width / 96));
  const steps = [1, 2, 7, 14, 28, 56, 91, 182, 364];
  const days = Math.round((to - from) / DAY);
  const step = steps.find((size) => days / size <= wanted) ?? 364;
  const ticks = [];
  for (let at = from; at <= to; at += step * DAY) ticks.push(at);
  return ticks;
}

export function dateAxis(frame, from, to) {
  const x = linear(from, to, frame.left, frame.right);
  const nodes = dateTicks(from, to, frame.right - frame.left).map((tick) => {
    const at = x(tick);
    const anchor = at < frame.left + 20 ? "start" : at > frame.right - 20 ? "end" : "middle";
    return s("text", { class: "tick", x: at, y: frame.bottom + 18, "text-anchor": anchor }, shortDay(new Date(tick).toISOString()));
  });
  return { x, nodes };
}

// Keeps labels apart: pushes them down, then back up from the bottom.
export function spread(places, gap, top, bottom) {
  const order = places.map((y, at) => ({ y, at })).sort((a, b) => a.y - b.y);
  let last = top - gap;
  for (const one of order) {
    one.y = Math.max(one.y, last + gap);
    last = one.y;
  }
  let next = bottom + gap;
  for (const one of order.toReversed()) {
    one.y = Math.min(one.y, next - gap);
    next = one.y;
  }
  const result = [];
  for (const one of order) result[one.at] = one.y;
  return result;
}
