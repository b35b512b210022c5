// Makes of a packed prompt what the page shows; the twin of wire_prompt.py.
import { readArms } from "./arms.js";
import { deal, once, reader, rows, table } from "./columns.js";
import { readComparisons } from "./judged.js";

const DAY = 86400000;

export function decode(packed) {
  const { columns, pool } = packed;
  const metrics = deal(columns.metrics, pool, summaryOf);
  const models = once(() => readModels(columns.models, pool, packed.versions.count));
  const versions = readVersions(packed, metrics, models);
  const series = once(() => readSeries(columns.series, versions));
  const comparisons = once(() => readComparisons(columns.comparisons, pool, versions));
  const { contexts, metrics: scales } = columns.arms;
  const arms = once(() => ({ contexts, metrics: scales, arms: readArms(columns.arms, pool, versions) }));
  return {
    ...packed,
    versions,
    get series() {
      return series();
    },
    get comparisons() {
      return comparisons();
    },
    get arms() {
      return arms();
    },
  };
}

function readVersions(packed, dealt, models) {
  const { pool } = packed;
  const { count, digest, commit, ...columns } = packed.versions;
  const c = table(columns);
  // Ids stand one behind the other, all as long.
  const id = (all, at) => all.slice((at * all.length) / count, ((at + 1) * all.length) / count).trimEnd();
  const part = (number, name) => {
    const [label, runs, spans] = packed.parts[number];
    return Object.assign(new Text(packed, runs, spans), { [name]: label });
  };
  return rows(count, (at) => {
    const metrics = once(() => made(dealt[at]));
    return {
      index: at,
      version: c.version(at),
      digest: id(digest, at),
      commit: id(commit, at),
      author: pool[c.author(at)],
      date: c.date(at),
      level: pool[c.level(at)],
      summary: c.summary(at),
      changes: pool[c.changes(at)],
      added: c.added(at),
      removed: c.removed(at),
      labels: pool[c.labels(at)],
      released: Boolean(c.released(at)),
      yanked: pool[c.yanked(at)],
      model: pool[c.model(at)],
      template: pool[c.template(at)],
      description: pool[c.description(at)],
      messages: c.messages(at).map((number) => part(number, "role")),
      fragments: c.fragments(at).map((number) => part(number, "path")),
      variables: pool[c.variables(at)],
      settings: pool[c.settings(at)],
      annotations: pool[c.annotations(at)],
      calls: c.calls(at),
      cost: c.cost(at),
      tokens: c.tokens(at),
      get metrics() {
        return metrics();
      },
      get models() {
        return models()[at];
      },
    };
  });
}

// The messages and fragments of the newest version, and the names of all; the others are not made.
export function newestTexts(packed) {
  const { count, version, messages, fragments } = packed.versions;
  const label = (number) => [packed.parts[number][0], new Text(packed, packed.parts[number][1]).text];
  const parts = count ? [...reader(messages)(count - 1), ...reader(fragments)(count - 1)] : [];
  return { parts: parts.map(label), versions: version };
}

// Each line that matches with the place where it stands, and the first and the last version that
// holds it. Every line is looked at once, however many versions hold it.
export function linesHeld({ lines, parts, versions }, matches) {
  const wanted = new Set(lines.flatMap((line, number) => (matches(line) ? [number] : [])));
  if (!wanted.size) return [];
  const within = parts.map(([place, runs]) => [place, numbersOf(runs).filter((number) => wanted.has(number))]);
  const [messages, fragments] = [reader(versions.messages), reader(versions.fragments)];
  const held = new Map();
  for (let at = 0; at < versions.count; at++) {
    for (const [place, numbers] of [...messages(at), ...fragments(at)].map((part) => within[part])) {
      for (const number of numbers) {
        const key = `${number} ${place}`;
        held.set(key, { place, line: lines[number], first: held.get(key)?.first ?? at, last: at });
      }
    }
  }
  return [...held.values()];
}

// A score may be called "constructor": without a prototype nothing is there but what was measured.
function made(group) {
  return { __proto__: null, ...Object.fromEntries(group.map(([metric, make]) => [metric, make()])) };
}

function summaryOf({ quantiles = [], histogram = null, ...columns }) {
  const c = table(columns);
  const shown = quantiles.map(reader);
  const spread = histogram ? spreadOf(histogram) : () => null;
  return (at) => {
    const mean = c.mean(at);
    const half = c.half ? c.half(at) : null;
    return {
      n: c.n(at),
      mean,
      low: half === null ? (c.low?.(at) ?? null) : mean - half,
      high: half === null ? (c.high?.(at) ?? null) : mean + half,
      get quantiles() {
        return shown.map((quantile) => quantile(at)).filter((value) => value !== null);
      },
      get histogram() {
        return spread(at);
      },
    };
  };
}

function spreadOf([lows, highs, heights]) {
  const [low, high, all] = [reader(lows), reader(highs), heights.split(" ")];
  return (at) => (low(at) === null ? null : { low: low(at), high: high(at), counts: Array.from(all[at], (height) => parseInt(height, 36)) });
}

// The models of each version.
function readModels(packed, pool, versions) {
  const c = table({ version: packed.version, model: packed.model, calls: packed.calls, badges: packed.badges });
  const found = rows(versions, () => []);
  const open = (columns) => {
    const { n, mean, p50 = () => null, p95 = () => null } = table(columns);
    return (at) => ({ n: n(at), mean: mean(at), p50: p50(at), p95: p95(at) });
  };
  deal(packed, pool, open).forEach((group, at) => {
    found[c.version(at)].push({ model: pool[c.model(at)], calls: c.calls(at), badges: pool[c.badges(at)], metrics: made(group) });
  });
  return found;
}

function readSeries({ count, points, ...columns }, versions) {
  const c = table(columns);
  const { dates, ...figures } = points;
  const date = reader(dates);
  const courses = Object.entries(table(figures));
  let start = 0;
  return rows(count, (at) => {
    const from = start;
    const length = c.counts(at);
    start += length;
    const read = (value) => rows(length, (n) => value(from + n));
    return { version: versions[c.version(at)], dates: read((n) => dayOf(date(n))), ...Object.fromEntries(courses.map(([name, value]) => [name, read(value)])) };
  });
}

// Days are counted from 1970.
function dayOf(number) {
  return new Date(number * DAY).toISOString().slice(0, 10);
}

// A text is put together from the prompt's lines when it is first looked at.
class Text {
  constructor(packed, runs, spans = null) {
    Object.assign(this, { packed, runs, spans });
  }

  get text() {
    return this.lines.join("\n");
  }

  get lines() {
    return linesOf(this.packed, this.runs);
  }

  // The twin of template_tree.py's template_tree.
  tree() {
    if (!this.spans) return null;
    const lines = this.lines;
    const body = [];
    let end = 0;
    for (let at = 0; at < this.spans.length; at += 3) {
      const [first, last, number] = this.spans.slice(at, at + 3);
      const nodes = restoreLines(this.packed.trees[number], (runs) => linesOf(this.packed, runs).join("\n"));
      if (nodes[0] === "Error") return nodes;
      body.push(...plain(lines, end, first), ...nodes);
      end = last;
    }
    return ["Template", [...body, ...plain(lines, end, lines.length + 1)]];
  }
}

function plain(lines, first, last) {
  const after = last && last <= lines.length ? "\n" : "";
  let text = "";
  if (last <= first) text = first ? after : "";
  else if (first < lines.length) text = (first ? "\n" : "") + lines.slice(first, last).join("\n") + after;
  return text ? [["Output", [["TemplateData", text]]]] : [];
}

function linesOf({ lines }, runs) {
  return numbersOf(runs).map((number) => lines[number]);
}

// Runs are numbers of lines in pairs: the first of some neighbours, and how many they are.
function numbersOf(runs) {
  const found = [];
  for (let at = 0; at < runs.length; at += 2) {
    for (let n = runs[at]; n < runs[at] + runs[at + 1]; n++) found.push(n);
  }
  return found;
}

function restoreLines(tree, join) {
  if (!Array.isArray(tree)) return tree;
  if (tree[0] === "TemplateData" && Array.isArray(tree[1])) return ["TemplateData", join(tree[1])];
  return tree.map((item) => restoreLines(item, join));
}
