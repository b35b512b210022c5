// Any two versions and a metric: what the statistics carry, and never more.
import { spreadChart } from "./chart_spread.js";
import { reachOf } from "./charts.js";
import { h } from "./dom.js";
import { count, effect, interval, isLimit, limitText, shortVersion } from "./format.js";
import { summaryOf } from "./judged.js";
import { findComparison } from "./pairs.js";
import { pairPage, rowsPicker } from "./pickers.js";
import { compareRoute, promptRoute } from "./router.js";
import { UNLIMITED, effectTable, neededText } from "./view_compare.js";
import { card, effectText, empty, metricTitle, metricUnit, scroll, select, showMetric, verdict, versionName } from "./widgets.js";

const TELLING = ["regression", "cannot tell", "better"];

export function abPage(app, asked) {
  return pairPage(
    app,
    "ab",
    "A/B tests",
    asked,
    (prompt, base, head, query) => body(app, prompt, base, head, chosenMetric(prompt, base, head, query), query),
    (prompt, base, head, query, go) => (base && head ? pickers(app, prompt, base, head, query, go) : []),
  );
}

function metricsOf(prompt, base, head, query) {
  const found = findComparison(prompt, base, head, query.rows);
  // A test decides on means; limits and the p95 are guardrails.
  return found ? found.metrics.filter((m) => !isLimit(m) && !m.metric.includes(".")).map((m) => m.metric) : [...new Set([...Object.keys(base.metrics), ...Object.keys(head.metrics)])];
}

// Unless one is asked for, what the verdict on the pair is about, in the verdict's own order.
function chosenMetric(prompt, base, head, query) {
  const names = metricsOf(prompt, base, head, query);
  const judged = findComparison(prompt, base, head, query.rows)?.metrics.filter((m) => m.limit) ?? [];
  const telling = TELLING.flatMap((word) => judged.filter((m) => m.verdict === word)).map((m) => m.metric.split(".")[0]);
  return [query.metric, ...telling, "quality"].find((name) => names.includes(name)) ?? names[0];
}

function pickers(app, prompt, base, head, query, go) {
  const names = metricsOf(prompt, base, head, query);
  const chosen = chosenMetric(prompt, base, head, query);
  const keep = { base: base.version, head: head.version };
  const tests = findComparison(prompt, base, head, query.rows)?.metrics.find((m) => m.metric === chosen)?.tests ?? [];
  const models = tests.map((test) => [test.model || "-", test.model || "not named"]);
  return [
    names.length ? select("Metric that decides", names.map((name) => [name, metricTitle(app.index, name)]), chosen, (metric) => go({ metric, ...keep })) : null,
    models.length ? select("Model", [["", "All, each within itself"], ...models], query.model ?? "", (model) => go({ model, ...keep })) : null,
    rowsPicker(prompt, base, head, query, go),
  ];
}

function body(app, prompt, base, head, metric, query) {
  if (!metric) return card("", {}, empty("Neither version has metrics.", "Log calls of both versions, then make the report again."));
  const found = findComparison(prompt, base, head, query.rows);
  const row = found?.metrics.find((m) => m.metric === metric && !isLimit(m));
  const test = row?.tests.find((one) => (one.model || "-") === query.model);
  // One model's test has no verdict of the gate, which is about all rows.
  const deciding = test ? { ...test, metric, limit: "", needed: null, note: "", tests: row.tests } : row;
  const others = found?.metrics.filter((m) => m !== row) ?? [];
  const reach = found ? reachOf(found.metrics) : 1;
  const items = [[base, 1], [head, 0]].map(([v, color]) => ({ name: v.version, summary: summaryOf(v, metric), color }));
  const more = deciding && (items[0].summary?.n > deciding.baseN || items[1].summary?.n > deciding.headN);
  return [
    deciding ? resultCard(app, prompt, base, head, deciding, test ? `${found.basis.split(" · ")[0]} · ${test.model || "rows without a model"}` : found.basis) : undecided(app, prompt, base, head, metric),
    items.some((item) => item.summary?.histogram)
      ? spreadChart({ title: `How ${metricTitle(app.index, metric).toLowerCase()} spreads`, note: `Share of all calls of a version${more ? " (not only those compared above)" : ""}`, unit: metricUnit(app.index, metric), items })
      : null,
    deciding?.tests.length ? modelsCard(app, base, head, deciding) : null,
    others.length ? card("Guardrails", { level: "h3", note: found.tested ? `The other metrics, tested alike. ${UNLIMITED}` : "The other metrics must not get worse beyond their limits" }, scroll("Guardrails", effectTable(app, others, base, head, reach))) : null,
  ];
}

function resultCard(app, prompt, base, head, m, basis) {
  const title = metricTitle(app.index, m.metric);
  return card(
    "",
    { class: "result" },
    h("div", { class: "arms" }, arm(app, "A", base, m.base, m.baseN, m), arm(app, "B", head, m.head, m.headN, m)),
    h(
      "div",
      { class: "answer" },
      h("h3", {}, sentence(title, base, head, m)),
      h("p", {}, m.effect === null ? null : "B against A: ", h("b", {}, effect(m)), " ", h("span", { class: "muted" }, interval(m) ? `95% interval ${interval(m)}` : "no interval")),
      h("p", { class: "badges" }, stateBadge(m), m.confidence ? h("span", { class: "badge plain" }, `confidence ${confidence(m.confidence)}`) : null, m.limit ? verdict(m.verdict, `${m.verdict}, limit ${limitText(m.limit)}`) : null),
      h("p", { class: "muted" }, [basis, neededText(m), m.note].filter(Boolean).join(" · ")),
      ["better", "regression"].includes(m.verdict) && !m.winner && m.state !== "none" ? h("p", { class: "muted" }, "The gate looks at these calls once. To name a winner the test must hold however often one looks, which takes more of them.") : null,
      h("p", { class: "facts" }, h("a", { href: compareRoute(prompt.name, base.version, head.version) }, "What changed in the text"), h("a", { href: promptRoute(prompt.name) }, "All of this prompt")),
    ),
  );
}

// The same test on each model's rows alone.
function modelsCard(app, base, head, m) {
  const heads = ["Model", shortVersion(base.version), shortVersion(head.version), "n", "Change", "Test"];
  const row = (test) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, test.model || "not named"),
      h("td", { class: "num" }, showMetric(app.index, m.metric, test.base)),
      h("td", { class: "num" }, showMetric(app.index, m.metric, test.head)),
      h("td", { class: "num" }, count(test.baseN), h("span", { class: "under" }, count(test.headN))),
      h("td", {}, effectText({ ...test, metric: m.metric, limit: "" })),
      h("td", {}, stateBadge(test), test.winner ? h("span", { class: "under" }, versionName(test.winner), " is better") : null),
    );
  return card(
    `${metricTitle(app.index, m.metric)} by model`,
    { level: "h3", note: "Each model by itself; the interval holds however often one looks" },
    scroll("By model", h("table", { class: "list effects" }, h("thead", {}, h("tr", {}, heads.map((text, at) => h("th", { scope: "col", class: at > 0 && at < 4 ? "num" : "" }, text)))), h("tbody", {}, m.tests.map(row)))),
  );
}

// Never rounds up to certainty.
function confidence(share) {
  const shown = Math.floor(share * 1000) / 10;
  return shown >= 99.9 ? "above 99.9%" : `${shown.toFixed(shown >= 99 ? 1 : 0)}%`;
}

function arm(app, letter, version, mean, n, m) {
  const wins = m.winner === version.version;
  return h(
    "div",
    { class: `arm ${wins ? "wins" : ""}` },
    h("p", { class: "muted" }, `Version ${letter}`),
    h("p", { class: "arm-name" }, versionName(version.version)),
    h("p", { class: "arm-value" }, showMetric(app.index, m.metric, mean)),
    h("p", { class: "muted" }, `mean, n ${count(n)}`),
    wins ? verdict("better", "better") : null,
  );
}

function sentence(title, base, head, m) {
  if (m.base === null || m.head === null) return `${m.base === null ? base.version : head.version} has no ${title.toLowerCase()} values`;
  if (m.winner) return `${shortVersion(m.winner)} is better in ${title.toLowerCase()}`;
  if (m.state === "equivalent") return `Both are the same in ${title.toLowerCase()}, within the margin`;
  if (m.state === "collecting") return "Too few rows to say anything yet";
  if (m.state === "exhausted") return `The planned rows are used up: no difference in ${title.toLowerCase()} was found`;
  return `No winner: these calls cannot tell which is better in ${title.toLowerCase()}`;
}

function stateBadge(m) {
  const word = { winner: "better", equivalent: "ok", running: "unknown", collecting: "unknown", exhausted: "unknown", none: "neutral" }[m.state];
  return verdict(word, m.state === "none" ? "not tested" : m.state);
}

function undecided(app, prompt, base, head, metric) {
  const value = (v) => (v.metrics[metric] ? `${showMetric(app.index, metric, v.metrics[metric].mean)} (n ${count(v.metrics[metric].n)})` : "no data");
  return card(
    "",
    {},
    empty(`${base.version}: ${value(base)} · ${head.version}: ${value(head)}`, "They have no calls that can be compared: none of the same model in the same environment or suite."),
  );
}
