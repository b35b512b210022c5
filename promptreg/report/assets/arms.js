// Any two versions, tested on the rows they share; what is tested comes from wire_arms.py, and the
// comparison is made as verdicts.py makes it, without the gate's limits.
import { decide } from "./abtest.js";
import { deal, table } from "./columns.js";
import { meanOf, modelOf, summaryOf } from "./judged.js";

const NOTHING = { n: 0, mean: 0, sd: 0 };

// By the place of each version its arms.
export function readArms(packed, pool, versions) {
  const c = table({ version: packed.version, context: packed.context, model: packed.model, calls: packed.calls });
  const found = versions.map(() => []);
  deal(packed, pool, rowOf).forEach((group, at) => {
    const version = versions[c.version(at)];
    const model = pool[c.model(at)];
    const own = modelOf(version, model);
    found[version.index].push({
      context: c.context(at),
      model,
      calls: c.calls(at),
      metrics: new Map(group.map(([metric, make]) => [metric, withOwn(make(), own, metric)])),
    });
  });
  return found;
}

function rowOf(columns) {
  const c = table(columns);
  return (at) => ({ known: c.meanKnown(at), n: c.meanN(at), mean: c.mean(at), tested: { n: c.testedN(at), mean: c.testedMean(at), sd: c.testedSd(at) ?? Infinity } });
}

function withOwn({ known, tested, ...row }, own, metric) {
  const n = row.n ?? summaryOf(own, metric).n;
  const mean = known ? meanOf(own, metric) : row.mean;
  return { n, mean, tested: { ...tested, n: tested.n ?? n } };
}

// One comparison for each kind of rows that both have, in the order of the judged ones.
export function testPair({ arms, contexts, metrics }, base, head) {
  const found = [];
  contexts.forEach((context, place) => {
    const [a, b] = [base, head].map((version) => arms[version.index].filter((arm) => arm.context === place));
    const models = b.flatMap((arm) => {
      const other = a.find(({ model }) => model === arm.model);
      return other ? [{ model: arm.model, base: other, head: arm }] : [];
    });
    if (models.length) found.push({ context, size: Math.min(...["base", "head"].map((side) => sum(models.map((one) => one[side].calls)))), models, a, b });
  });
  found.sort((one, other) => one.context.suite - other.context.suite || other.size - one.size);
  return found.map((one) => compared(one, metrics, base.version, head.version));
}

function compared({ context, models, a, b }, metrics, base, head) {
  const has = ({ metric }) => models.some((one) => one.base.metrics.has(metric) || one.head.metrics.has(metric));
  const named = models.map(({ model }) => model).filter(Boolean);
  return {
    base,
    head,
    tested: true,
    basis: [context.name, named.join(", ")].filter(Boolean).join(" · "),
    notes: [...alone("base", a, models), ...alone("head", b, models)],
    metrics: metrics.filter(has).map((metric) => {
      const tests = models.length > 1 ? models.map((one) => ({ model: one.model, ...testOf([one], metric, base, head) })) : [];
      const row = testOf(models, metric, base, head);
      return { ...row, limit: "", verdict: row.baseN && row.headN ? "no verdict" : "no data", needed: null, tests };
    }),
  };
}

function alone(side, arms, models) {
  return arms.filter((arm) => !models.some(({ model }) => model === arm.model)).map((arm) => `${arm.model || "rows without a model"}: ${arm.calls} rows in the ${side} only, not compared`);
}

function testOf(models, { metric, better, scale }, base, head) {
  const sides = models.map((one) => ({ base: one.base.metrics.get(metric), head: one.head.metrics.get(metric) }));
  const tested = sides.map((one) => ({ base: one.base?.tested ?? NOTHING, head: one.head?.tested ?? NOTHING }));
  const found = decide(tested, { better, scale });
  const [a, b] = ["base", "head"].map((side) => together(sides.map((one) => one[side] ?? NOTHING)));
  return {
    metric,
    relative: true,
    base: a.mean,
    baseN: a.n,
    head: b.mean,
    headN: b.n,
    ...found,
    winner: found.winner && { base, head }[found.winner],
    note: noteOf(found, better, metric, tested.some((one) => one.base.n || one.head.n)),
  };
}

function noteOf({ state }, better, metric, hasRows) {
  if (state === "collecting") return hasRows ? "an A/B test needs 20 rows a side" : "";
  return better ? "" : `nobody said whether a higher ${metric} is better`;
}

function together(samples) {
  const n = sum(samples.map((one) => one.n));
  return { n, mean: n ? sum(samples.map((one) => (one.n ? (one.n / n) * one.mean : 0))) : null };
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
