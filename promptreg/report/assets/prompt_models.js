// How one version does on each model; a badge only where the difference is significant.
import { h } from "./dom.js";
import { count, metricValue, money, shortVersion } from "./format.js";
import { card, empty, scroll, verdict } from "./widgets.js";

export function modelsPanel(app, prompt, chosen) {
  const version = chosen.models.length ? chosen : prompt.versions.findLast((v) => v.models.length);
  if (!version) return card("", {}, empty("No call names a model yet.", "Rows with a model are compared here."));
  const heads = ["Model", "Calls", "Median latency", "p95 latency", "Cost per call", "Cost in all", "Quality", "Success", "Tokens in", "Tokens out"];
  return card(
    `Models of ${shortVersion(version.version)}`,
    { note: version === chosen ? "A badge stands only where the difference is significant" : `${shortVersion(chosen.version)} has no rows with a model; shown is the latest version that has` },
    scroll(
      "Models",
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, heads.map((text, at) => h("th", { scope: "col", class: at ? "num" : "" }, text)))),
        h("tbody", {}, version.models.map(row)),
      ),
    ),
  );
}

function row(m) {
  const { latency, cost, quality, success_rate: success, input_tokens: input, output_tokens: output } = m.metrics;
  const cell = (value, known, n) => h("td", { class: `num ${known ? "" : "muted"}` }, value, known && n ? h("span", { class: "under" }, `n ${count(n)}`) : null);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, m.model || "not named", h("span", { class: "under" }, m.badges.map((badge) => verdict("better", badge)))),
    h("td", { class: "num" }, count(m.calls)),
    cell(metricValue(latency?.p50, "ms"), latency, latency?.n),
    cell(metricValue(latency?.p95, "ms"), latency),
    cell(money(cost?.mean), cost, cost?.n),
    cell(money(cost ? cost.mean * cost.n : null), cost),
    cell(metricValue(quality?.mean, ""), quality, quality?.n),
    cell(metricValue(success?.mean, "ratio"), success, success?.n),
    cell(metricValue(input?.mean, "tokens"), input),
    cell(metricValue(output?.mean, "tokens"), output),
  );
}
