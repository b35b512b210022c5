// Every version pair that somebody should look at, with its evidence.
import { effectBar, reachOf } from "./charts.js";
import { loadPrompt } from "./data.js";
import { h, replace } from "./dom.js";
import { count, isLimit, limitText, plural, shortVersion } from "./format.js";
import { measured } from "./overview_glance.js";
import { verdictsOf } from "./pairs.js";
import { compareRoute, evidenceRoute, promptRoute, remember, routeTo } from "./router.js";
import { card, csv, downloadButton, effectText, empty, labelBadge, metricTitle, promptName, scroll, select, showMetric, verdict } from "./widgets.js";

const SEVERITIES = ["critical", "warning", "info"];
const PAGE = 60;
const PAIRS = 20;

export function alertsPage(app, query) {
  const { index } = app;
  const state = { severity: "", type: "", prompt: "", when: "", ...query };
  state.prompt = index.promptByName.get(state.prompt)?.name ?? state.prompt;
  const told = h("p", { class: "muted", role: "status" });
  const list = h("div");
  const judged = h("div", { class: "stack" });
  let shown = PAGE;
  const update = () => {
    remember(["alerts"], state);
    showPairs(app, state, judged);
    const found = index.alerts.filter((alert) => fits(alert, state));
    replace(told, tally(found, index.alerts.length - found.length));
    if (!found.length) {
      replace(list, empty("No alert matches.", "Take a filter away, or show past versions too."));
      return;
    }
    const more = found.length > shown ? h("button", { type: "button", class: "button quiet more", onclick: () => { shown += PAGE; update(); } }, `Show ${Math.min(PAGE, found.length - shown)} more`) : null;
    replace(list, table(app, found.slice(0, shown)), more);
  };
  const choose = (key) => (value) => {
    state[key] = value;
    shown = PAGE;
    update();
  };
  const all = (values, title = (value) => value) => [["", "All"], ...[...new Set(values)].map((value) => [value, title(value)])];
  const present = SEVERITIES.filter((one) => index.alerts.some((alert) => alert.severity === one));
  const ofPrompt = select("Prompt", all(index.prompts.filter((row) => row.calls).map((row) => row.name)), state.prompt, choose("prompt"));
  const filters = h(
    "div",
    { class: "filters" },
    select("Severity", all(present), state.severity, choose("severity")),
    select("Metric", all(index.alerts.map((alert) => alert.c.metric), (name) => metricTitle(index, name)), state.type, choose("type")),
    ofPrompt,
    select("Versions", [["", "Current"], ["all", "Current and past"]], state.when, choose("when")),
  );
  const head = h("div", { class: "list-head" }, told, h("div", { class: "actions" }, downloadButton("CSV", "alerts.csv", () => alertsCsv(index.alerts.filter((alert) => fits(alert, state))))));
  update();
  const heading = h("h2", { class: "unseen" }, "Alerts");
  if (index.alerts.length) return [heading, card("", {}, filters, head, list), judged];
  if (!measured(index)) return [heading, card("", {}, empty("Nothing is measured yet.", "Alerts compare the calls of each version with those of the one before. Log calls with:", "promptreg metrics log"))];
  const calm = empty("No alert.", "No version is measurably worse than the one before, and none lacks the rows to tell.");
  return [heading, card("", {}, calm, h("div", { class: "filters" }, ofPrompt)), judged];
}

// Of a chosen prompt every pair that was judged, also where nobody need look.
function showPairs(app, { prompt: name, type }, box) {
  const row = app.index.promptByName.get(name);
  if (box.dataset.shown === `${name} ${type}`) return;
  box.dataset.shown = `${name} ${type}`;
  replace(box);
  if (!row) return;
  loadPrompt(row.number)
    .then((prompt) => {
      if (box.dataset.shown === `${name} ${type}`) replace(box, pairsCard(app, prompt, type));
    })
    .catch((error) => replace(box, card("", {}, empty("This prompt's data cannot be read.", error.message))));
}

function pairsCard(app, prompt, type) {
  const order = new Map(prompt.versions.map((v) => [v.version, v.index]));
  const pairs = prompt.comparisons.filter((one) => !type || one.metrics.some((m) => m.metric === type));
  pairs.sort((a, b) => order.get(b.head) - order.get(a.head) || order.get(b.base) - order.get(a.base));
  const list = h("tbody");
  const more = h("button", { type: "button", class: "button quiet more", onclick: () => show() });
  const show = () => {
    const from = list.childElementCount;
    list.append(...pairs.slice(from, from + PAIRS).map((one) => pairRow(app, prompt, one, type)));
    more.textContent = `Show ${Math.min(PAIRS, pairs.length - list.childElementCount)} more`;
    more.hidden = pairs.length === list.childElementCount;
  };
  show();
  const heads = ["Versions", "Verdict", "Rows", "Evidence"];
  const table = h("table", { class: "list" }, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), list);
  return card(
    "Every pair that was judged",
    { level: "h3", note: `${prompt.name}; any other two are tested under A/B tests` },
    pairs.length ? [scroll("Pairs", table), more] : empty("No two versions have calls that can be compared.", "They need calls of the same model in the same environment or suite."),
  );
}

function pairRow(app, prompt, { base, head, basis, metrics }, type) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { class: "id", href: compareRoute(prompt.name, base, head) }, `${shortVersion(base)} → ${shortVersion(head)}`)),
    h("td", {}, h("span", { class: "badges" }, verdictsOf(app, type ? metrics.filter((m) => m.metric === type) : metrics))),
    h("td", {}, basis),
    h("td", {}, h("a", { href: routeTo(["ab"], { prompt: prompt.name, base, head, rows: basis }) }, "A/B test")),
  );
}

// Where nobody can tell there is no alert, only something to look at.
function tally(found, hidden) {
  const unsettled = found.filter((alert) => alert.severity === "info").length;
  const open = found.length - unsettled;
  const parts = [open || !unsettled ? plural(open, "alert") : null, unsettled ? `${plural(unsettled, "comparison")} with too few calls to tell` : null];
  return `${parts.filter(Boolean).join(" and ")}${hidden ? `; ${count(hidden)} past or filtered out` : ""}`;
}

function fits(alert, state) {
  return (
    (!state.severity || alert.severity === state.severity) &&
    (!state.type || alert.c.metric === state.type) &&
    (!state.prompt || alert.prompt === state.prompt) &&
    (state.when === "all" || alert.current)
  );
}

function table(app, alerts) {
  const reach = reachOf(alerts.map((alert) => alert.c));
  const heads = ["Prompt", "Severity", "Metric", "Change", `Interval, axis ±${Math.round(reach * 100)}%`, "n", "Versions"];
  return scroll(
    "Alerts",
    h(
      "table",
      { class: "list effects" },
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col", class: text === "n" ? "num" : "" }, text)))),
      h("tbody", {}, alerts.map((alert) => row(app, alert, reach))),
    ),
  );
}

function row(app, alert, reach) {
  const c = alert.c;
  return h(
    "tr",
    { class: `alert ${alert.severity}` },
    h("th", { scope: "row", class: "name" }, h("a", { href: promptRoute(alert.prompt) }, promptName(alert.prompt)), h("span", { class: "under" }, alert.live.map(labelBadge), alert.current ? null : h("span", { class: "badge plain" }, "past version")), h("span", { class: "under" }, alert.basis)),
    h("td", {}, verdict(alert.severity), h("span", { class: "under" }, c.verdict)),
    h("td", {}, metricTitle(app.index, c.metric), h("span", { class: "under" }, `${showMetric(app.index, c.metric, c.base)} → ${showMetric(app.index, c.metric, c.head)}`)),
    h("td", {}, effectText(c), h("span", { class: "under" }, c.limit ? `limit ${limitText(c.limit)}` : "no limit")),
    h("td", {}, isLimit(c) ? null : effectBar(c, reach)),
    h("td", { class: "num" }, count(c.baseN), h("span", { class: "under" }, count(c.headN))),
    h("td", {}, h("a", { class: "id", href: compareRoute(alert.prompt, alert.base, alert.head) }, `${shortVersion(alert.base)} → ${shortVersion(alert.head)}`), h("span", { class: "under" }, h("a", { href: evidenceRoute(alert) }, "evidence"))),
  );
}

function alertsCsv(alerts) {
  const head = ["severity", "verdict", "prompt", "base", "head", "metric", "base_mean", "head_mean", "base_n", "head_n", "effect", "low", "high", "relative", "limit", "current", "rows"];
  return csv([head, ...alerts.map(({ severity, prompt, base, head: to, current, basis, c }) => [severity, c.verdict, prompt, base, to, c.metric, c.base, c.head, c.baseN, c.headN, c.effect, c.low, c.high, c.relative, c.limit, current, basis])]);
}
