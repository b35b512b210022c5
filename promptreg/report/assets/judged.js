// Reads what the statistics say about pairs of versions; the twin of wire_judged.py.
import { deal, numbers, table } from "./columns.js";

export function readComparisons({ names, of, ...columns }, pool, versions) {
  const c = table(columns);
  return groups({ count: columns.count, names, of }, pool).map((rows, at) => {
    const [base, head] = [versions[c.base[at]], versions[c.head[at]]];
    return {
      base: base.version,
      head: head.version,
      basis: pool[c.basis[at]],
      notes: pool[c.notes[at]],
      metrics: rows.map((row) => {
        const tests = row.tests.map((test) => withOwn(test, row.metric, modelOf(base, test.model), modelOf(head, test.model)));
        return { ...withOwn(row, row.metric, base, head), tests };
      }),
    };
  });
}

export function readAlerts({ pool, names, of, current, ...columns }) {
  const { count } = columns;
  const c = table(columns);
  const live = numbers(current, count);
  return groups({ count, names, of }, pool).map(([row], at) => ({
    ...Object.fromEntries(Object.entries(c).map(([name, column]) => [name, pool[column[at]]])),
    current: Boolean(live[at]),
    c: withOwn(row, row.metric),
  }));
}

function groups(packed, pool) {
  return deal(packed, pool, (columns, metric) => rowsOf(columns, metric, pool)).map((group) => group.map(([, row]) => row));
}

function rowsOf({ tests = null, counts = null, ...columns }, metric, pool) {
  const c = table(columns);
  const left = tests ? testsOf(tests, pool).values() : null;
  const many = numbers(counts, columns.count);
  return c.relative.map((relative, at) => ({
    metric,
    relative: Boolean(relative),
    limit: pool[c.limit[at]],
    verdict: pool[c.verdict[at]],
    needed: c.needed[at],
    note: pool[c.note[at]],
    ...common(c, at, pool),
    tests: Array.from({ length: many[at] ?? 0 }, () => left.next().value),
  }));
}

function testsOf(packed, pool) {
  const c = table(packed);
  return c.model.map((model, at) => ({ model: pool[model], relative: true, ...common(c, at, pool) }));
}

// What comparisons of all rows and of one model's rows have in common.
function common(c, at, pool) {
  return {
    base: c.base[at],
    baseKnown: c.baseKnown[at],
    baseN: c.baseN[at],
    head: c.head[at],
    headKnown: c.headKnown[at],
    headN: c.headN[at],
    effect: c.effect[at],
    low: c.low[at],
    high: c.high[at],
    state: pool[c.state[at]],
    winner: pool[c.winner[at]],
    confidence: c.confidence[at],
  };
}

// Means and rows that the versions have themselves are not written once more.
function withOwn({ baseKnown, headKnown, ...row }, metric, base, head) {
  if (baseKnown) row.base = meanOf(base, metric);
  if (headKnown) row.head = meanOf(head, metric);
  row.baseN ??= summaryOf(base, metric).n;
  row.headN ??= summaryOf(head, metric).n;
  return row;
}

function meanOf(one, metric) {
  const { mean } = summaryOf(one, metric);
  return metric === "error_rate" ? 1 - mean : mean;
}

function summaryOf({ metrics }, metric) {
  return metrics[metric === "error_rate" ? "success_rate" : metric];
}

function modelOf({ models }, name) {
  return models.find(({ model }) => model === name);
}
