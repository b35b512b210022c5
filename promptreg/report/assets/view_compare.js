// Two versions side by side: texts, variables, settings and measured figures.
import { effectBar, reachOf } from "./charts.js";
import { compareTexts, diffFigures } from "./diff.js";
import { diffTable } from "./diffview.js";
import { h, icon } from "./dom.js";
import { count, day, effect, isLimit, limitText, plural, shortVersion } from "./format.js";
import { findComparison } from "./pairs.js";
import { pairPage, rowsPicker } from "./pickers.js";
import { abRoute, promptRoute, routeTo } from "./router.js";
import { card, effectText, empty, scroll, showMetric, metricTitle, verdict } from "./widgets.js";

const NARROW = 720;
// Of pairs that nobody judged.
export const UNLIMITED = "The gate did not judge this pair.";

export function comparePage(app, asked) {
  return pairPage(
    app,
    "compare",
    "Compare",
    asked,
    (prompt, base, head, query, go) => body(app, prompt, base, head, query, go),
    (prompt, base, head, query, go) => (base && head ? rowsPicker(prompt, base, head, query, go) : null),
  );
}

function body(app, prompt, base, head, query, go) {
  const inline = query.view ? query.view === "inline" : innerWidth < NARROW;
  const parts = textParts(base, head).map((part) => ({ ...part, rows: compareTexts(part.old, part.new) }));
  const total = figuresOf(parts);
  const settings = changedSettings(base, head);
  const views = h(
    "div",
    { class: "switch", role: "group", "aria-label": "Layout of the differences" },
    h("button", { type: "button", class: "button", id: "view-split", "aria-pressed": String(!inline), onclick: () => go({ view: "split", base: base.version, head: head.version }) }, "Side by side"),
    h("button", { type: "button", class: "button", id: "view-inline", "aria-pressed": String(inline), onclick: () => go({ view: "inline", base: base.version, head: head.version }) }, "Inline"),
  );
  return [
    h(
      "dl",
      { class: "figures small" },
      tile("Similarity", similar(total.similarity), "share of letters in common"),
      tile("Words added", count(total.wordsAdded), plural(total.linesAdded, "line")),
      tile("Words removed", count(total.wordsRemoved), plural(total.linesRemoved, "line")),
      tile(shortVersion(base.version), day(base.date), base.author, promptRoute(prompt.name, { tab: "text", v: base.version })),
      tile(shortVersion(head.version), day(head.date), head.author, promptRoute(prompt.name, { tab: "text", v: head.version })),
    ),
    h("div", { class: "bar end" }, h("a", { class: "button quiet", href: promptRoute(prompt.name) }, "All of this prompt"), h("a", { class: "button", id: "swap", href: routeTo(["compare"], { ...query, prompt: prompt.name, base: head.version, head: base.version }) }, icon("fold"), "Swap"), views),
    parts.filter((part) => part.old !== part.new).map((part) => partCard(part, inline, base, head)),
    unchangedCard(parts.filter((part) => part.old === part.new), settings.length),
    settings.length ? settingsCard(settings, base, head) : null,
    metricsCard(app, prompt, base, head, query.rows),
  ];
}

function tile(title, value, note, href) {
  return h("div", { class: "figure" }, h("dt", {}, title), h("dd", {}, href ? h("a", { href }, value) : h("span", {}, value), h("span", { class: "figure-note muted" }, note)));
}

// Never rounds up to "the same".
function similar(share) {
  return share > 0.995 && share < 1 ? `${(Math.floor(share * 10_000) / 100).toFixed(2)}%` : `${(share * 100).toFixed(0)}%`;
}

function figuresOf(parts) {
  const sum = { common: 0, removed: 0, added: 0, wordsAdded: 0, wordsRemoved: 0, linesAdded: 0, linesRemoved: 0 };
  for (const part of parts) {
    const found = diffFigures(part.rows);
    for (const key of Object.keys(sum)) sum[key] += found[key];
  }
  const total = 2 * sum.common + sum.removed + sum.added;
  return { ...sum, similarity: total ? (2 * sum.common) / total : 1 };
}

// Pairs messages of the same role in order, and fragments by path.
function textParts(base, head) {
  const keyed = (v) => {
    const seen = new Map();
    const parts = new Map();
    for (const message of v.messages) {
      const number = (seen.get(message.role) ?? 0) + 1;
      seen.set(message.role, number);
      parts.set(`${message.role}${number > 1 ? ` ${number}` : ""} message`.replace("placeholder message", "placeholder"), message.text);
    }
    for (const fragment of v.fragments) parts.set(`fragment ${fragment.path}`, fragment.text);
    return parts;
  };
  const [a, b] = [keyed(base), keyed(head)];
  return [...new Set([...a.keys(), ...b.keys()])].map((title) => ({ title, old: a.get(title) ?? "", new: b.get(title) ?? "", came: !a.has(title), went: !b.has(title) }));
}

function partCard(part, inline, base, head) {
  const found = diffFigures(part.rows);
  const title = part.title[0].toUpperCase() + part.title.slice(1);
  const note = [part.came ? `only in ${shortVersion(head.version)}` : "", part.went ? `only in ${shortVersion(base.version)}` : "", `${plural(found.wordsAdded, "word")} added, ${count(found.wordsRemoved)} removed`, `${similar(found.similarity)} similar`].filter(Boolean).join(" · ");
  return card(title, { level: "h3", note }, diffTable(part.rows, { inline, label: `${title}, ${base.version} to ${head.version}` }));
}

function unchangedCard(parts, settings) {
  const same = parts.map((part) => `${part.title} (${plural(part.rows.length, "line")})`);
  if (!settings) same.push("model, parameters, variables, tags and metadata");
  return same.length ? card("", {}, h("p", {}, h("b", {}, "Unchanged: "), h("span", { class: "muted" }, same.join("; ")))) : null;
}

// Each as [name, value in base, value in head]; what one of them lacks is undefined.
function changedSettings(base, head) {
  const flat = (v) =>
    new Map([
      ["model", v.model ?? "not set"],
      ["template", v.template],
      ["description", v.description ?? "not set"],
      ...v.settings,
      ...v.variables.map((one) => [`variables.${one.name}`, variableText(one)]),
    ]);
  const [a, b] = [flat(base), flat(head)];
  return [...new Set([...a.keys(), ...b.keys()])].map((key) => [key, a.get(key), b.get(key)]).filter(([, old, now]) => old !== now);
}

function settingsCard(settings, base, head) {
  const cell = (value) => h("td", {}, value === undefined ? h("span", { class: "muted" }, "absent") : h("code", {}, value));
  return card(
    "Settings and variables",
    { level: "h3", class: "half" },
    scroll(
      "Settings and variables",
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ["Field", shortVersion(base.version), shortVersion(head.version)].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, settings.map(([key, old, now]) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, key)), cell(old), cell(now)))),
      ),
    ),
  );
}

function variableText(one) {
  const allowed = one.enum.length ? ` of ${one.enum.join(", ")}` : "";
  return `${one.type}${allowed}, ${one.required ? "required" : `default ${one.default ?? "null"}`}`;
}

export function metricsCard(app, prompt, base, head, chosen) {
  const found = findComparison(prompt, base, head, chosen);
  const names = [...new Set([...Object.keys(base.metrics), ...Object.keys(head.metrics)])];
  if (!names.length) return card("Metrics", { level: "h3", class: "half" }, empty("Neither version has metrics.", "Log calls to see how they compare."));
  const rows = found ? found.metrics : names.map((metric) => raw(metric, base, head));
  const reach = reachOf(rows);
  const note = found ? [`means of ${found.basis}`, ...found.notes, found.tested ? UNLIMITED : ""].filter(Boolean).join(" · ") : "no calls of both can be compared: none of the same model in the same environment or suite";
  return card(
    "Metrics",
    { level: "h3", class: "half", note, actions: [h("a", { class: "button quiet", href: abRoute(prompt.name, base.version, head.version) }, "A/B")] },
    scroll("Metrics", effectTable(app, rows, base, head, reach)),
  );
}

function raw(metric, base, head) {
  const [a, b] = [base.metrics[metric], head.metrics[metric]];
  const change = a && b && a.mean ? b.mean / a.mean - 1 : null;
  return { metric, base: a?.mean ?? null, head: b?.mean ?? null, baseN: a?.n ?? 0, headN: b?.n ?? 0, relative: true, effect: change, low: null, high: null, limit: "", verdict: "no verdict", state: "none", winner: null, needed: null, note: "", tests: [] };
}

// Without an effect it is how many there must be to look for one.
export function neededText({ verdict, needed, effect: found }) {
  if (!needed || verdict !== "cannot tell") return "";
  return found === null ? `at least ${count(needed)} more rows each are needed` : `about ${count(needed)} more rows each would settle it`;
}

// What has no limit has the A/B test's answer.
function verdictOf(row, base) {
  if (row.verdict !== "no verdict" || row.state === "none") return verdict(row.verdict);
  if (!row.winner) return verdict("cannot tell");
  return row.winner === base.version ? verdict("worse") : verdict("better");
}

export function effectTable(app, rows, base, head, reach) {
  const heads = ["Metric", shortVersion(base.version), shortVersion(head.version), "n", "Change", `Interval, axis ±${Math.round(reach * 100)}%`, "Verdict"];
  return h(
    "table",
    { class: "effects" },
    h("thead", {}, h("tr", {}, heads.map((text, at) => h("th", { scope: "col", class: at && at < 4 ? "num" : "" }, text)))),
    h(
      "tbody",
      {},
      rows.map((row) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, metricTitle(app.index, row.metric), row.limit ? h("span", { class: "under" }, `limit ${limitText(row.limit)}`) : null),
          h("td", { class: "num" }, showMetric(app.index, row.metric, row.base)),
          h("td", { class: "num" }, showMetric(app.index, row.metric, row.head)),
          h("td", { class: "num" }, count(row.baseN), h("span", { class: "under" }, count(row.headN))),
          h("td", {}, effectText(row)),
          h("td", {}, isLimit(row) ? null : effectBar(row, reach)),
          h("td", {}, verdictOf(row, base), neededText(row) ? h("span", { class: "under" }, neededText(row)) : null, row.note && row.note !== effect(row) ? h("span", { class: "under" }, row.note) : null),
        ),
      ),
    ),
  );
}
