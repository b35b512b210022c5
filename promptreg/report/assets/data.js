// Fetches and unpacks the data chunks that stand behind the application in the file.

const unpacked = new Map();
const OPEN_PROMPTS = 12;
let splitFolder = "";
const arrivals = new Map();

export function useFolder(folder) {
  splitFolder = folder;
  // Data files beside the page call this; they cannot be fetched from file://.
  globalThis.promptregChunk = (name, data) => arrivals.get(name)?.(data);
}

export async function loadIndex() {
  return unpack(document.getElementById("index").textContent);
}

export async function unpack(base64) {
  const bytes = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(base64)
    : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  // Not by way of a Blob: that would ask the browser's own process and wait for its answer.
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  const written = Promise.all([writer.write(bytes), writer.close()]);
  const [value] = await Promise.all([new Response(readable).json(), written]);
  return value;
}

export async function chunk(name) {
  return splitFolder ? fromFile(name) : fromPage(name);
}

function fromFile(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const done = (data) => {
      arrivals.delete(name);
      script.remove();
      resolve(data);
    };
    arrivals.set(name, done);
    script.src = `${splitFolder}/${name}.js`;
    script.onerror = () => {
      arrivals.delete(name);
      reject(new Error(`The file ${splitFolder}/${name}.js is missing beside this page.`));
    };
    document.head.append(script);
  });
}

// The file may still be arriving: a chunk is whole once something stands behind it.
function fromPage(name) {
  const look = () => {
    const element = document.getElementById(name);
    return element && (element.nextElementSibling || document.readyState !== "loading") ? element : null;
  };
  return new Promise((resolve, reject) => {
    const found = look();
    if (found) {
      resolve(found.textContent);
      return;
    }
    const finish = (element) => {
      observer.disconnect();
      document.removeEventListener("DOMContentLoaded", ended);
      if (element) resolve(element.textContent);
      else reject(new Error("This file is incomplete: the data of this prompt is missing."));
    };
    const observer = new MutationObserver(() => {
      const element = look();
      if (element) finish(element);
    });
    const ended = () => finish(document.getElementById(name));
    observer.observe(document.body, { childList: true });
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ended);
    else ended();
  });
}

export async function loadPrompt(number) {
  const name = `p${number}`;
  let prompt = unpacked.get(name);
  if (prompt) unpacked.delete(name);
  else prompt = decode(await unpack(await chunk(name)));
  unpacked.set(name, prompt);
  for (const old of unpacked.keys()) {
    if (unpacked.size <= OPEN_PROMPTS) break;
    if (old !== name) unpacked.delete(old);
  }
  return prompt;
}

// The inverse of wire.py's pack_prompt.
export function decode(packed) {
  const { pool } = packed;
  const text = (runs, spans) => new Text(packed, runs, spans);
  const versions = packed.versions.map((v, index) => ({
    index,
    version: v.version,
    digest: v.digest,
    commit: v.commit,
    author: pool[v.author],
    date: v.date,
    level: v.level,
    summary: v.summary ?? "",
    changes: (v.changes ?? []).map(([rule, level, detail]) => ({ rule, level, detail })),
    added: v.lines[0],
    removed: v.lines[1],
    labels: v.labels ?? [],
    released: !v.unreleased,
    yanked: v.yanked ?? null,
    model: pool[v.model],
    template: v.template ?? "jinja2",
    description: v.description === undefined ? null : pool[v.description],
    messages: v.messages.map(([role, runs, spans]) => Object.assign(text(runs, spans), { role: pool[role] })),
    fragments: (v.fragments ?? []).map(([path, runs, spans]) => Object.assign(text(runs, spans), { path })),
    variables: pool[v.variables],
    settings: pool[v.settings],
    annotations: v.annotations ?? [],
    calls: v.calls ?? 0,
    cost: v.cost ?? null,
    tokens: v.tokens ?? null,
    last: v.last ?? null,
    metrics: {},
    models: [],
  }));
  for (const [metric, columns] of Object.entries(packed.metrics)) {
    versions.forEach((v, at) => {
      if (columns.n[at]) v.metrics[metric] = summaryAt(columns, at);
    });
  }
  for (const [at, model, calls, badges, metrics] of packed.models) {
    const summaries = {};
    for (const [metric, n, mean, p50 = null, p95 = null] of metrics) {
      summaries[pool[metric]] = { n, mean, p50, p95 };
    }
    versions[at].models.push({ model: pool[model], calls, badges, metrics: summaries });
  }
  return {
    ...packed,
    versions,
    series: packed.series.map(([at, dates, calls, cost, tokens, p50, p95, quality, success]) => ({
      version: versions[at],
      dates,
      calls,
      cost,
      tokens,
      p50,
      p95,
      quality,
      success,
    })),
    comparisons: packed.comparisons.map(([base, head, basis, metrics, notes]) => ({
      base: versions[base].version,
      head: versions[head].version,
      basis: pool[basis],
      metrics: metrics.map(decodeComparison),
      notes: notes === undefined ? [] : pool[notes],
    })),
  };
}

function summaryAt(columns, at) {
  const mean = columns.mean[at];
  const packed = columns.interval[at];
  const [low, high] = packed === null ? [null, null] : Array.isArray(packed) ? packed : [mean - packed, mean + packed];
  return {
    n: columns.n[at],
    mean,
    low,
    high,
    quantiles: columns.quantiles[at],
    // Hundreds of them stand in a prompt, and few are drawn.
    get histogram() {
      return decodeHistogram(columns.histogram[at]);
    },
  };
}

function decodeHistogram(packed) {
  if (!packed) return null;
  const [low, high, heights] = packed;
  return { low, high, counts: Array.from(heights, (height) => parseInt(height, 36)) };
}

export function decodeComparison(packed) {
  const [metric, base, head, baseN, headN, relative, effect, low, high, limit, verdict, state, winner, confidence, needed, note, tests = []] = packed;
  return { metric, base, head, baseN, headN, relative: Boolean(relative), effect, low, high, limit, verdict, state, winner, confidence, needed, note, tests: tests.map(decodeTest) };
}

function decodeTest(packed) {
  const [model, base, head, baseN, headN, effect, low, high, state, winner, confidence] = packed;
  return { model, base, head, baseN, headN, relative: true, effect, low, high, state, winner, confidence };
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
