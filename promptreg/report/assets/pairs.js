// What there is to say about any two versions: the gate's verdicts where it judged them, and tests.
import { testPair } from "./arms.js";
import { isLimit } from "./format.js";
import { metricTitle, verdict } from "./widgets.js";

const VERDICTS = [["regression", "worse"], ["better", "better"], ["cannot tell", "cannot tell"]];
const UNTESTED = { state: "none", winner: null, confidence: null, tests: [], note: "" };

// One comparison for each kind of rows, ordinary calls first.
export function comparisonsOf(prompt, base, head) {
  const judged = prompt.comparisons.filter((c) => c.base === base.version && c.head === head.version);
  const tested = testPair(prompt.arms, base, head);
  return judged.length ? judged.map((one, at) => withTests(one, tested[at]?.metrics ?? [], prompt.arms.metrics)) : tested;
}

// A test decides on means; limits and the p95 stand beside it. Means that nothing limits are tested all the same.
function withTests(judged, tested, metrics) {
  const named = new Map(tested.map((m) => [m.metric, m]));
  const rows = judged.metrics.map((m) => {
    const test = named.get(m.metric.split(".")[0]) ?? UNTESTED;
    const { state, winner, confidence, tests } = m.metric === test.metric && !isLimit(m) ? test : UNTESTED;
    return { ...m, state, winner, confidence, tests, note: m.note || test.note };
  });
  const limited = new Set(judged.metrics.filter((m) => !isLimit(m)).map((m) => m.metric));
  rows.push(...tested.filter((m) => !limited.has(m.metric)));
  const order = new Map(metrics.map(({ metric }, at) => [metric, at]));
  const place = ({ metric }) => order.get(metric) ?? order.get(metric.split(".")[0]) ?? order.size;
  return { ...judged, metrics: rows.sort((one, other) => place(one) - place(other)) };
}

export function findComparison(prompt, base, head, rows = "") {
  const found = comparisonsOf(prompt, base, head);
  return found.find((c) => c.basis === rows) ?? found[0] ?? null;
}

// The gate's answer in a line: which metrics are worse, better or open.
export function verdictsOf(app, metrics) {
  const parts = VERDICTS.flatMap(([word, text]) => {
    const names = metrics.filter((m) => m.verdict === word).map((m) => metricTitle(app.index, m.metric).toLowerCase());
    return names.length ? [verdict(word, `${text}: ${names.join(", ")}`)] : [];
  });
  if (parts.length) return parts;
  return metrics.some((m) => m.verdict === "ok") ? verdict("ok", "within all limits") : verdict("no data", "nothing to judge");
}
