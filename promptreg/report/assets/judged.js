// Reads what the statistics say about pairs of versions; the twin of wire_judged.py.
import { deal, numbers, table } from "./columns.js";

export function readComparisons(packed, pool, versions) {
  const c = table({ base: packed.base, head: packed.head, basis: packed.basis, notes: packed.notes });
  return groups(packed, pool).map((rows, at) => {
    const [base, head] = [versions[c.base[at]], versions[c.head[at]]];
    return {
      base: base.version,
      head: head.version,
      basis: pool[c.basis[at]],
      notes: pool[c.notes[at]],
      metrics: rows.map(({ known, ...row }) => ({
        ...row,
        base: known & 1 ? base.metrics[row.metric].mean : row.base,
        head: known & 2 ? head.metrics[row.metric].mean : row.head,
      })),
    };
  });
}

export function readAlerts({ pool, names, of, current, ...columns }) {
  const c = table(columns);
  const live = numbers(current);
  return groups({ names, of }, pool).map(([comparison], at) => ({
    ...Object.fromEntries(Object.entries(c).map(([name, column]) => [name, pool[column[at]]])),
    current: Boolean(live[at]),
    c: comparison,
  }));
}

function groups(packed, pool) {
  return deal(packed, pool, (columns, metric) => rowsOf(columns, metric, pool)).map((group) => group.map(([, row]) => row));
}

function rowsOf({ tests: packed = null, counts = [], ...columns }, metric, pool) {
  const c = table(columns);
  const tests = packed ? testsOf(packed, pool).values() : null;
  const many = numbers(counts);
  return c.known.map((known, at) => ({
    metric,
    known,
    relative: Boolean(c.relative[at]),
    limit: pool[c.limit[at]],
    verdict: pool[c.verdict[at]],
    needed: c.needed[at],
    note: pool[c.note[at]],
    ...common(c, at, pool),
    tests: tests ? Array.from({ length: many[at] }, () => tests.next().value) : [],
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
    head: c.head[at],
    baseN: c.baseN[at],
    headN: c.headN[at],
    effect: c.effect[at],
    low: c.low[at],
    high: c.high[at],
    state: pool[c.state[at]],
    winner: pool[c.winner[at]],
    confidence: c.confidence[at],
  };
}
