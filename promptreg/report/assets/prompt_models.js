// How one version does on each model; a badge only where the difference is significant.
import { tableBehind } from "./chart.js";
import { h } from "./dom.js";
import { count, metricValue, money, NO_DATA, plural, shortVersion } from "./format.js";
import { card, empty, verdict } from "./widgets.js";

// Badge, question, and the figure that answers it; latency is told by its median.
const QUESTIONS = [
  ["fastest", "Fastest", "latency", "ms", "lower"],
  ["cheapest", "Cheapest", "cost", "money", "lower"],
  ["best quality", "Best quality", "quality", "", "higher"],
  ["most reliable", "Most reliable", "success_rate", "ratio", "higher"],
];
const TITLES = { latency: "Median latency", cost: "Cost per call", quality: "Quality", success_rate: "Success" };

export function modelsPanel(app, prompt, chosen) {
  const version = chosen.models.length ? chosen : prompt.versions.findLast((v) => v.models.length);
  if (!version) return card("", {}, empty("No call names a model yet.", "Rows with a model are compared here."));
  const models = version.models.toSorted((a, b) => b.calls - a.calls);
  const several = models.length > 1;
  const basis = several ? "A badge stands only where the difference is significant; bars show a figure's share of the largest" : "One model only: there is nothing to compare it with";
  const elsewhere = version === chosen ? "" : `${shortVersion(chosen.version)} has no rows with a model; shown is the latest version that has. `;
  return h(
    "div",
    { class: "stack" },
    card(
      `Models of ${shortVersion(version.version)}`,
      { note: elsewhere + basis },
      several ? h("dl", { class: "answers" }, QUESTIONS.map((question) => answer(question, models))) : null,
      tableBehind("Models", table(models)),
    ),
    h("div", { class: "models" }, models.map((m) => modelCard(m, models))),
  );
}

function figureOf(m, metric) {
  const summary = m.metrics[metric];
  return summary?.p50 ?? summary?.mean ?? null;
}

// Who wins, or who leads without being known to win.
function answer([badge, title, metric, unit, better], models) {
  const turn = better === "lower" ? 1 : -1;
  const measured = models.filter((m) => figureOf(m, metric) !== null).sort((a, b) => turn * (figureOf(a, metric) - figureOf(b, metric)));
  const told = (m) => metricValue(figureOf(m, metric), unit);
  const named = (m) => h("p", { class: "muted" }, h("bdi", {}, nameOf(m)), ` ${told(m)}`);
  const winner = measured.find((m) => m.badges.includes(badge));
  const next = measured.find((m) => m !== winner);
  let said = h("span", { class: "muted" }, NO_DATA);
  if (winner) said = [h("b", {}, nameOf(winner)), h("p", { class: "muted" }, told(winner), next ? `, next ${told(next)}` : "")];
  else if (measured.length > 1) said = [verdict("cannot tell"), measured.slice(0, 2).map(named)];
  else if (measured.length) said = [h("span", { class: "muted" }, "only one model has rows"), measured.map(named)];
  return h("div", {}, h("dt", {}, title), h("dd", {}, said));
}

function nameOf(m) {
  return m.model || "not named";
}

function modelCard(m, models) {
  const calls = models.reduce((sum, one) => sum + one.calls, 0);
  const { latency, cost, input_tokens: input, output_tokens: output } = m.metrics;
  const more = {
    latency: latency ? `p95 ${metricValue(latency.p95, "ms")}` : "",
    cost: cost ? `${money(cost.mean * cost.n)} in all` : "",
  };
  return card(
    h("bdi", {}, nameOf(m)),
    { level: "h3", class: "model", note: `${plural(m.calls, "call")}${models.length > 1 ? `, ${metricValue(m.calls / calls, "ratio")} of all` : ""}` },
    m.badges.length ? h("p", { class: "badges" }, m.badges.map((badge) => verdict("better", badge))) : null,
    h(
      "dl",
      {},
      QUESTIONS.map(([, , metric, unit]) => figure(m, metric, unit, models, more[metric] ?? "")),
      h("div", {}, h("dt", {}, "Tokens in + out"), h("dd", { class: input ? "" : "muted" }, input ? `${metricValue(input.mean, "tokens")} + ${metricValue(output?.mean, "tokens")}` : NO_DATA), h("dd", { class: "muted" }, input ? "mean of a call" : "")),
    ),
  );
}

function figure(m, metric, unit, models, more) {
  const value = figureOf(m, metric);
  const most = Math.max(...models.map((one) => figureOf(one, metric) ?? 0));
  const rows = value === null ? "" : `n ${count(m.metrics[metric].n)}`;
  const bar = value !== null && most > 0 && models.length > 1 ? h("span", { style: { width: `${(100 * value) / most}%` } }) : null;
  return h("div", {}, h("dt", {}, TITLES[metric]), h("dd", { class: value === null ? "muted" : "" }, metricValue(value, unit)), h("dd", { class: "muted" }, [more, rows].filter(Boolean).join(" · ")), bar ? h("dd", { class: "share", "aria-hidden": "true" }, bar) : null);
}

function table(models) {
  const head = ["Model", "Calls", "Median latency", "p95 latency", "Cost per call", "Cost in all", "Quality", "Success", "Tokens in", "Tokens out"];
  const row = (m) => cells(m, m.metrics);
  const cells = (m, { latency, cost, quality, success_rate: success, input_tokens: input, output_tokens: output }) => [
    nameOf(m),
    count(m.calls),
    metricValue(latency?.p50, "ms"),
    metricValue(latency?.p95, "ms"),
    money(cost?.mean),
    money(cost ? cost.mean * cost.n : null),
    metricValue(quality?.mean, ""),
    metricValue(success?.mean, "ratio"),
    metricValue(input?.mean, "tokens"),
    metricValue(output?.mean, "tokens"),
  ];
  return { head, rows: () => models.map(row) };
}
