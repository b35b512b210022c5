// The A/B test of two arms without a plan; the twin of decide_between in promptreg/stats/abtest.py,
// whose docstrings name the sources. Arms are compared within models, and one may look again and again.

const ALPHA = 0.05;
const LEAST_PER_ARM = 20;
const TUNED_FOR = 100;
const ROUNDING = 1e-12;

// strata: for each model both arms as { n, mean, sd } on the scale of the test.
// The effect is a share of the base; the winner is "base", "head" or null.
export function decide(strata, { better, scale }) {
  const both = strata.filter(({ base, head }) => base.n > 1 && head.n > 1);
  const rows = (side) => both.reduce((sum, stratum) => sum + stratum[side].n, 0);
  if (rows("base") < LEAST_PER_ARM || rows("head") < LEAST_PER_ARM) return { effect: null, low: null, high: null, state: "collecting", winner: null, confidence: null };
  const contrast = contrastOf(both);
  const { p, half } = look(contrast);
  const share = (difference) => shareOf(difference, contrast.base, scale);
  const change = share(contrast.difference);
  const gain = better === null ? 0 : better === "higher" ? change : -change;
  const winner = p <= ALPHA && gain ? (gain > 0 ? "head" : "base") : null;
  return {
    effect: known(change),
    low: known(share(contrast.difference - half)),
    high: known(share(contrast.difference + half)),
    state: winner ? "winner" : "running",
    winner,
    confidence: 1 - p,
  };
}

// The difference of means, combined over strata by n_a n_b / (n_a + n_b), with its error and degrees
// of freedom; the error is Welch's or the pooled one, whichever is greater.
function contrastOf(strata) {
  const sums = { information: 0, base: 0, head: 0, scale: 0, freedom: 0, variance: 0 };
  const owns = [];
  for (const { base: a, head: b } of strata) {
    const both = a.n + b.n;
    const weight = (a.n * b.n) / both;
    const [varA, varB] = [a.sd * a.sd, b.sd * b.sd];
    const partA = varA / a.n;
    const welch = partA + varB / b.n;
    const pooled = ((a.n - 1) * varA + (b.n - 1) * varB) / ((both - 2) * weight);
    sums.information += weight;
    sums.base += weight * a.mean;
    sums.head += weight * b.mean;
    sums.scale += weight * Math.max(Math.abs(a.mean), Math.abs(b.mean));
    sums.freedom += both - 2;
    if (!welch) continue;
    const share = partA / welch;
    const own = weight * weight * Math.max(welch, pooled);
    sums.variance += own;
    owns.push([own, (share * share) / (a.n - 1) + ((1 - share) * (1 - share)) / (b.n - 1)]);
  }
  const { information, variance } = sums;
  const below = owns.reduce((sum, [own, perDf]) => sum + (own / variance) ** 2 * perDf, 0);
  return {
    difference: (sums.head - sums.base) / information,
    base: sums.base / information,
    error: Math.sqrt(variance) / information,
    df: below ? 1 / below : sums.freedom,
    scale: sums.scale / information,
    information,
  };
}

// The anytime-valid t-test: a p-value and half an interval that hold however often one looks.
function look({ difference, error, df, scale, information }) {
  if (error <= ROUNDING * scale) return { p: Math.abs(difference) > ROUNDING * scale ? 0 : 1, half: 0 };
  const r = MIXTURE / (MIXTURE + information);
  const power = df + 1;
  const q = (difference / error) ** 2 / df;
  const evidence = 0.5 * Math.log(r) - 0.5 * power * (Math.log1p(r * q) - Math.log1p(q));
  const edge = Math.exp((2 * Math.log(ALPHA) + Math.log(r)) / power);
  return { p: evidence > 0 ? Math.exp(-evidence) : 1, half: edge <= r ? Infinity : Math.sqrt(((1 - edge) / (edge - r)) * df) * error };
}

const MIXTURE = mixture();

// The precision that makes the interval narrowest at the tuned size: x - ln x = target, above 1.
function mixture() {
  const target = 1 + 2 * Math.log(1 / ALPHA);
  let x = 2 * target;
  for (let n = 0; n < 100; n++) x -= (x - Math.log(x) - target) / (1 - 1 / x);
  return TUNED_FOR / 2 / (x - 1);
}

function shareOf(difference, base, scale) {
  if (scale === "log") return Math.expm1(difference);
  if (base === 0) return difference ? Math.sign(difference) * Infinity : 0;
  return difference / Math.abs(base);
}

function known(value) {
  return Number.isFinite(value) ? value : null;
}
