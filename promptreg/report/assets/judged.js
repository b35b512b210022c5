// Reads what the gate says about pairs of versions; the twin of wire_judged.py.
import { deal, once, table } from "./columns.js";

export function readComparisons(packed, pool, versions) {
  const c = table({ base: packed.base, head: packed.head, basis: packed.basis, notes: packed.notes });
  return judgedOf(packed, pool).map((judged, at) => {
    const [base, head] = [versions[c.base(at)], versions[c.head(at)]];
    const metrics = once(() => judged().map((row) => withOwn(row, row.metric, base, head)));
    return {
      base: base.version,
      head: head.version,
      basis: pool[c.basis(at)],
      notes: pool[c.notes(at)],
      get metrics() {
        return metrics();
      },
    };
  });
}

export function readAlerts({ pool, ...packed }) {
  const { count, names, of, ...columns } = packed;
  const c = table(columns);
  return judgedOf(packed, pool).map((judged, at) => {
    const comparison = once(() => judged().map((row) => withOwn(row, row.metric))[0]);
    return {
      prompt: pool[c.prompt(at)],
      base: pool[c.base(at)],
      head: pool[c.head(at)],
      severity: pool[c.severity(at)],
      current: Boolean(c.current(at)),
      live: pool[c.live(at)],
      basis: pool[c.basis(at)],
      get c() {
        return comparison();
      },
    };
  });
}

// For each pair a function that makes the rows of its metrics.
function judgedOf(packed, pool) {
  return deal(packed, pool, (columns, metric) => rowOf(columns, metric, pool)).map((group) => () => group.map(([, make]) => make()));
}

function rowOf(columns, metric, pool) {
  const c = table(columns);
  return (at) => ({
    metric,
    relative: Boolean(c.relative(at)),
    limit: pool[c.limit(at)],
    verdict: pool[c.verdict(at)],
    needed: c.needed(at),
    note: pool[c.note(at)],
    base: c.base(at),
    baseKnown: c.baseKnown(at),
    baseN: c.baseN(at),
    head: c.head(at),
    headKnown: c.headKnown(at),
    headN: c.headN(at),
    effect: c.effect(at),
    low: c.low(at),
    high: c.high(at),
  });
}

// Means and rows that the versions have themselves are not written once more.
function withOwn({ baseKnown, headKnown, ...row }, metric, base, head) {
  if (baseKnown) row.base = meanOf(base, metric);
  if (headKnown) row.head = meanOf(head, metric);
  row.baseN ??= summaryOf(base, metric).n;
  row.headN ??= summaryOf(head, metric).n;
  return row;
}

export function meanOf(one, metric) {
  const { mean } = summaryOf(one, metric);
  return metric === "error_rate" ? 1 - mean : mean;
}

export function summaryOf({ metrics }, metric) {
  return metrics[metric === "error_rate" ? "success_rate" : metric];
}

export function modelOf({ models }, name) {
  return models.find(({ model }) => model === name);
}
