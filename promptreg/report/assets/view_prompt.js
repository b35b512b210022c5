// One prompt: its versions, figures, models, text and a live preview, each with its own address.
import { loadPrompt } from "./data.js";
import { h, icon, newId, replace } from "./dom.js";
import { count, metricValue, money, plural, shortVersion, unquoted } from "./format.js";
import { promptsJson } from "./exports.js";
import { findComparison, verdictsOf } from "./pairs.js";
import { chartsPanel } from "./prompt_charts.js";
import { modelsPanel } from "./prompt_models.js";
import { previewPanel } from "./prompt_preview.js";
import { textPanel } from "./prompt_text.js";
import { versionsPanel } from "./prompt_versions.js";
import { abRoute, compareRoute, promptRoute, routeTo } from "./router.js";
import { alertsLink, card, delta, downloadButton, empty, labelBadge, metricTitle, promptName, select, tabs, verdict, versionName } from "./widgets.js";

const SHOWN_TAGS = 12;
const PANELS = [
  ["versions", "Versions", versionsPanel],
  ["charts", "Charts", chartsPanel],
  ["models", "Models", modelsPanel],
  ["text", "Text", textPanel],
  ["preview", "Preview", previewPanel],
];

export function promptPage(app, name, query) {
  const row = app.index.promptByName.get(name);
  if (!row) return notFound(name);
  const box = h("div", { "aria-busy": "true" }, h("p", { class: "loading" }, "Loading ", h("bdi", {}, name), "…"));
  loadPrompt(row.number)
    .then((prompt) => {
      box.removeAttribute("aria-busy");
      replace(box, page(app, row, prompt, query));
    })
    .catch((error) => {
      box.removeAttribute("aria-busy");
      replace(box, card("", {}, empty("This prompt's data cannot be read.", error.message)));
    });
  return [box];
}

export function notFound(name) {
  return [card("", {}, empty(`There is no prompt called ${name} in this report.`, "It may have been renamed or left out of the report."), h("p", {}, h("a", { href: routeTo(["prompts"]) }, "All prompts")))];
}

function page(app, row, prompt, query) {
  const chosen = prompt.versions.find((v) => v.version === query.v) ?? latestOf(prompt, row);
  const open = PANELS.find(([key]) => key === query.tab)?.[0] ?? "versions";
  const panel = newId("panel");
  const link = (tab, version) => promptRoute(prompt.name, { tab: tab === "versions" ? "" : tab, v: version });
  const draw = PANELS.find(([key]) => key === open)[2];
  const versioned = open !== "charts";
  return [
    h("nav", { class: "crumbs", "aria-label": "Path" }, h("a", { href: routeTo(["prompts"]) }, "Prompts"), icon("chevron"), h("span", {}, h("bdi", {}, prompt.name))),
    header(app, row, prompt),
    figures(app, prompt),
    h(
      "div",
      { class: "bar" },
      tabs(
        "About this prompt",
        PANELS.map(([key, title]) => [key, title, link(key, query.v ?? "")]),
        open,
        panel,
      ),
      versioned && prompt.versions.length && open !== "versions"
        ? select("Version", prompt.versions.toReversed().map((v) => [v.version, shortVersion(v.version)]), chosen?.version, (version) => { location.hash = link(open, version); })
        : null,
    ),
    h("div", { id: panel, role: "tabpanel", "aria-labelledby": `tab-${open}`, tabindex: "-1" }, chosen ? draw(app, prompt, chosen, link, query) : card("", {}, empty("This prompt has no version yet.", "promptreg bump gives it one."))),
  ];
}

function latestOf(prompt, row) {
  return prompt.versions.find((v) => v.version === row.latest) ?? prompt.versions.at(-1) ?? null;
}

function header(app, row, prompt) {
  const latest = latestOf(prompt, row);
  const before = latest && prompt.versions[latest.index - 1];
  const owner = prompt.metadata.find(([key]) => key === "owner");
  return h(
    "div",
    { class: "page-head" },
    h(
      "div",
      {},
      h("h2", {}, promptName(prompt.name)),
      prompt.title || prompt.description ? h("p", { class: "lead", dir: "auto" }, prompt.title ? h("b", {}, prompt.title) : null, prompt.title && prompt.description ? " · " : "", prompt.description ?? "") : null,
      h(
        "p",
        { class: "badges" },
        prompt.deleted ? h("span", { class: "badge worse" }, "deleted") : null,
        alertsLink(row),
        prompt.versions.flatMap((v) => v.labels.map((label) => h("span", { class: "served" }, labelBadge(label), h("a", { href: promptRoute(prompt.name, { tab: "text", v: v.version }) }, versionName(v.version))))),
        prompt.tags.slice(0, SHOWN_TAGS).map((tag) => h("a", { class: "badge plain", href: routeTo(["prompts"], { tag }), title: "All prompts with this tag" }, tag)),
        prompt.tags.length > SHOWN_TAGS ? h("a", { href: promptRoute(prompt.name, { tab: "text" }) }, plural(prompt.tags.length - SHOWN_TAGS, "more tag")) : null,
        owner ? h("span", { class: "badge plain" }, `owner ${unquoted(owner[1])}`) : null,
        row.formerly ? h("span", { class: "muted" }, "formerly ", row.formerly.map((name, at) => [at ? ", " : "", promptName(name)])) : null,
      ),
    ),
    h(
      "div",
      { class: "actions" },
      downloadButton("JSON", `${prompt.name.replaceAll("/", "-")}.json`, () => promptsJson([row]), "application/json"),
      before ? h("a", { class: "button", href: compareRoute(prompt.name, before.version, latest.version) }, "Compare") : null,
      before ? h("a", { class: "button", href: abRoute(prompt.name, before.version, latest.version) }, "A/B") : null,
      row.fileUrl ? h("a", { class: "button", href: row.fileUrl, rel: "noreferrer" }, icon("link"), "File") : null,
      row.editUrl ? h("a", { class: "button", href: row.editUrl, rel: "noreferrer" }, icon("link"), "Edit") : null,
    ),
  );
}

function figures(app, prompt) {
  const measured = prompt.versions.filter((v) => v.calls);
  if (!measured.length) {
    return card("", {}, empty("No metrics yet.", "Log calls from Python or with the command, then make the report again:", "promptreg metrics log"));
  }
  const last = measured.at(-1);
  const before = measured.at(-2);
  const found = before && findComparison(prompt, before, last);
  const tile = (title, value, metric, better, note = "") => {
    const now = metric ? (last.metrics[metric]?.quantiles?.[2] ?? last.metrics[metric]?.mean) : null;
    const old = metric && before ? (before.metrics[metric]?.quantiles?.[2] ?? before.metrics[metric]?.mean) : null;
    // Where both were judged on comparable rows, that change is the true one.
    const fair = metric && found?.metrics.find((m) => m.metric === metric && m.relative && m.effect !== null && m.effect !== undefined);
    const change = fair ? fair.effect : old && now !== null && !found ? now / old - 1 : null;
    const against = fair ? `of the mean, against ${before.version}: ${found.basis}` : `against ${before?.version} on whatever calls there are; not a verdict`;
    return h(
      "div",
      { class: "figure" },
      h("dt", {}, title),
      h("dd", {}, h("span", {}, value), h("span", { class: "figure-note" }, change === null ? null : delta(change, better, { title: against }), fair && metric === "latency" ? h("span", { class: "muted" }, "mean,") : null, note ? h("span", { class: "muted" }, note) : null)),
    );
  };
  const { latency, cost, quality, success_rate: success } = last.metrics;
  return h(
    "div",
    {},
    h(
      "dl",
      { class: "figures small" },
      tile("Last measured version", versionName(last.version), null, null, before ? ["against ", versionName(before.version)] : "the first one measured"),
      tile("Calls", count(last.calls), null, null, `${count(prompt.versions.reduce((sum, v) => sum + v.calls, 0))} in all`),
      tile("Median latency", metricValue(latency?.quantiles?.[2], "ms"), "latency", null, latency ? `p95 ${metricValue(latency.quantiles[4], "ms")}` : ""),
      tile("Cost per call", money(cost?.mean), "cost", null, last.cost === null ? "" : `${money(last.cost)} in all`),
      tile("Quality", metricValue(quality?.mean, ""), "quality", null, quality ? `n ${count(quality.n)}` : ""),
      tile("Success", metricValue(success?.mean, "ratio"), null, null, success ? plural(Math.round((1 - success.mean) * success.n), "failure") : ""),
    ),
    judged(app, prompt, before, last, found),
  );
}

// The statistics' answer in one line, so that raw differences above are not mistaken for it.
function judged(app, prompt, before, last, found) {
  if (!found) return null;
  return h(
    "p",
    { class: "badges judged" },
    h("a", { href: abRoute(prompt.name, before.version, last.version) }, versionName(last.version), " against ", versionName(before.version)),
    verdictsOf(app, found.metrics),
    h("span", { class: "muted" }, found.basis),
  );
}

