// Makes of a packed prompt what the page shows; the twin of wire_prompt.py.
import { deal, numbers, table } from "./columns.js";
import { readComparisons } from "./judged.js";

export function decode(packed) {
  const { pool } = packed;
  const versions = readVersions(packed);
  deal(packed.metrics, pool, readSummaries).forEach((metrics, at) => {
    versions[at].metrics = Object.fromEntries(metrics);
  });
  addModels(packed.models, pool, versions);
  return { ...packed, versions, series: readSeries(packed.series, versions), comparisons: readComparisons(packed.comparisons, pool, versions) };
}

function readVersions(packed) {
  const { pool } = packed;
  const { digest, commit, ...columns } = packed.versions;
  const c = table(columns);
  // Ids stand one behind the other, all as long.
  const id = (all, at) => all.slice((at * all.length) / c.version.length, ((at + 1) * all.length) / c.version.length).trimEnd();
  const part = (number, name) => {
    const [label, runs, spans] = packed.parts[number];
    return Object.assign(new Text(packed, runs, spans), { [name]: label });
  };
  return c.version.map((version, at) => ({
    index: at,
    version,
    digest: id(digest, at),
    commit: id(commit, at),
    author: pool[c.author[at]],
    date: c.date[at],
    level: pool[c.level[at]],
    summary: c.summary[at],
    changes: pool[c.changes[at]],
    added: c.added[at],
    removed: c.removed[at],
    labels: pool[c.labels[at]],
    released: Boolean(c.released[at]),
    yanked: pool[c.yanked[at]],
    model: pool[c.model[at]],
    template: pool[c.template[at]],
    description: pool[c.description[at]],
    messages: c.messages[at].map((number) => part(number, "role")),
    fragments: c.fragments[at].map((number) => part(number, "path")),
    variables: pool[c.variables[at]],
    settings: pool[c.settings[at]],
    annotations: pool[c.annotations[at]],
    calls: c.calls[at],
    cost: c.cost[at],
    tokens: c.tokens[at],
    metrics: {},
    models: [],
  }));
}

function readSummaries({ quantiles = [], histogram = null, ...columns }) {
  const c = table(columns);
  const shown = quantiles.map((column) => numbers(column, columns.count));
  const spreads = histogram ? spreadsOf(histogram, columns.count) : () => null;
  return c.n.map((n, at) => {
    const [mean, half] = [c.mean[at], c.half?.[at] ?? null];
    return {
      n,
      mean,
      low: half === null ? (c.low?.[at] ?? null) : mean - half,
      high: half === null ? (c.high?.[at] ?? null) : mean + half,
      quantiles: shown.map((column) => column[at]),
      // Hundreds of them stand in a prompt, and few are drawn.
      get histogram() {
        return spreads(at);
      },
    };
  });
}

function spreadsOf([lows, highs, heights], count) {
  const [low, high, all] = [numbers(lows, count), numbers(highs, count), heights.split(" ")];
  return (at) => (low[at] === null ? null : { low: low[at], high: high[at], counts: Array.from(all[at], (height) => parseInt(height, 36)) });
}

function addModels({ names, of, ...columns }, pool, versions) {
  const { version, model, calls, badges } = table(columns);
  const read = (packed) => {
    const { n, mean, p50 = [], p95 = [] } = table(packed);
    return n.map((count, at) => ({ n: count, mean: mean[at], p50: p50[at] ?? null, p95: p95[at] ?? null }));
  };
  deal({ count: columns.count, names, of }, pool, read).forEach((metrics, at) => {
    versions[version[at]].models.push({ model: pool[model[at]], calls: calls[at], badges: pool[badges[at]], metrics: Object.fromEntries(metrics) });
  });
}

function readSeries({ days, points, ...columns }, versions) {
  const { version, counts } = table(columns);
  const { dates, ...figures } = table(points);
  let end = 0;
  return version.map((place, at) => {
    const start = end;
    end += counts[at];
    const course = Object.entries(figures).map(([name, column]) => [name, column.slice(start, end)]);
    return { version: versions[place], dates: dates.slice(start, end).map((day) => days[day]), ...Object.fromEntries(course) };
  });
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
  const found = [];
  for (let at = 0; at < runs.length; at += 2) {
    for (let n = runs[at]; n < runs[at] + runs[at + 1]; n++) found.push(lines[n]);
  }
  return found;
}

function restoreLines(tree, join) {
  if (!Array.isArray(tree)) return tree;
  if (tree[0] === "TemplateData" && Array.isArray(tree[1])) return ["TemplateData", join(tree[1])];
  return tree.map((item) => restoreLines(item, join));
}
