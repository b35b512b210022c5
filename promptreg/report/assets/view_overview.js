// What is live, what is released but not live, what it costs and what should worry.
import { sparkline } from "./charts.js";
import { timeChart } from "./charts.js";
import { h, icon } from "./dom.js";
import { count, day, metricValue, money, NO_DATA, plural, shortVersion, time } from "./format.js";
import { abRoute, compareRoute, promptRoute, routeTo } from "./router.js";
import { card, delta, effectText, empty, labelBadge, levelBadge, metricTitle, scroll, verdict } from "./widgets.js";

const TITLES = { prompts: "Prompts", versions: "Versions", calls: "Calls", cost: "Cost", tokens: "Tokens", success_rate: "Success rate" };
const SHOWN_LABELS = 12;

export function overviewPage(app) {
  const { index } = app;
  return [
    index.notes.length ? h("div", { class: "card notes" }, icon("info"), h("ul", {}, index.notes.map((note) => h("li", {}, note)))) : null,
    h("h2", { class: "unseen" }, "Overview"),
    figures(index),
    index.prompts.length ? null : card("", {}, empty("No prompt yet.", "Add one with: promptreg new NAME")),
    index.labels.length || index.prompts.length ? live(index) : null,
    courses(index),
    h("div", { class: "columns" }, alerts(index), recent(index)),
  ];
}

function figures(index) {
  const open = index.alerts.filter((alert) => alert.current && alert.severity !== "info").length;
  return h(
    "dl",
    { class: "figures" },
    index.figures.map((figure) => figureCard(index, figure)),
    h(
      "div",
      { class: "figure" },
      h("dt", {}, "Open alerts"),
      h("dd", {}, h("a", { href: routeTo(["alerts"]) }, count(open)), open ? null : h("span", { class: "figure-note" }, verdict("ok", "nothing to act on"))),
    ),
  );
}

function figureCard(index, figure) {
  const text =
    figure.name === "cost" ? money(figure.value) : figure.name === "success_rate" ? metricValue(figure.value, "ratio") : count(figure.value);
  const both = figure.previous && figure.recent !== null;
  const share = both ? figure.recent / figure.previous - 1 : null;
  // The change of a share is told in points, and no change here is a verdict.
  const points = both && figure.name === "success_rate" ? figure.recent - figure.previous : null;
  const title = `last ${index.periodDays} days against the ${index.periodDays} days before`;
  const known = figure.value !== null;
  return h(
    "div",
    { class: "figure" },
    h("dt", {}, TITLES[figure.name] ?? figure.name),
    h(
      "dd",
      { class: known ? "" : "missing" },
      h("span", {}, known ? text : NO_DATA),
      share === null ? null : h("span", { class: "figure-note" }, delta(points ?? share, null, { title, unit: points === null ? "%" : "\u00a0pp" })),
      figure.series.length > 1 ? sparkline(figure.series, { label: `${TITLES[figure.name]}, last ${figure.series.length} days`, fill: true, height: 32 }) : null,
    ),
  );
}

function live(index) {
  const rows = index.labels;
  const unpromoted = index.unpromoted.length
    ? h(
        "p",
        { class: "aside" },
        h("b", {}, "Released, not promoted: "),
        index.unpromoted.slice(0, SHOWN_LABELS).map(([name, version], at) => [at ? ", " : "", h("a", { href: promptRoute(name, { v: version }) }, `${name} ${version}`)]),
        index.unpromoted.length > SHOWN_LABELS ? ` and ${index.unpromoted.length - SHOWN_LABELS} more` : "",
      )
    : null;
  if (!rows.length) {
    return card("Live now", {}, empty("No label names a version.", "Say what production serves with: promptreg label set production NAME@VERSION"), unpromoted);
  }
  const body = h("tbody");
  const show = (number) => body.replaceChildren(...rows.slice(0, number).map(liveRow));
  show(SHOWN_LABELS);
  const more =
    rows.length > SHOWN_LABELS
      ? h("button", { type: "button", class: "button quiet more", onclick: (event) => { show(rows.length); event.target.remove(); } }, `Show all ${rows.length}`)
      : null;
  const heads = ["Prompt", "Label", "Version", "Since", "How it does"];
  return card(
    "Live now",
    { note: "What each label serves, and how it does against the version it replaced" },
    scroll("Live now", h("table", {}, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), body)),
    more,
    unpromoted,
  );
}

function liveRow(row) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: promptRoute(row.prompt) }, row.prompt)),
    h("td", {}, labelBadge(row.label)),
    h("td", {}, h("a", { class: "id", href: promptRoute(row.prompt, { v: row.version }) }, row.version), row.newer.length ? h("span", { class: "muted" }, ` · ${plural(row.newer.length, "newer release")}`) : null),
    h("td", {}, row.since ? h("time", { datetime: row.since, title: row.author ? `set by ${row.author}` : "" }, day(row.since)) : NO_DATA),
    h("td", {}, row.previous && row.tone !== "neutral" ? h("a", { class: "plain-link", href: abRoute(row.prompt, row.previous, row.version) }, verdict(row.tone, row.verdict)) : h("span", { class: "muted" }, row.verdict || "no earlier version to compare with")),
  );
}

function courses(index) {
  const found = index.figures.filter((figure) => ["calls", "cost"].includes(figure.name) && figure.dates.length > 1);
  if (!found.length) return null;
  return h(
    "div",
    { class: "columns even" },
    found.map((figure) =>
      timeChart({
        title: figure.name === "calls" ? "Calls per day" : "Cost per day",
        note: "all prompts together",
        unit: figure.name === "cost" ? "money" : "tokens",
        highName: "",
        lowName: figure.name,
        level: "h2",
        height: 200,
        series: [{ name: "all prompts", color: figure.name === "calls" ? 0 : 1, points: figure.dates.map((date, at) => ({ date, y: figure.series[at], n: calls(index, at) })) }],
      }),
    ),
  );
}

function calls(index, at) {
  return index.figures.find((figure) => figure.name === "calls")?.series[at] ?? null;
}

function alerts(index) {
  const open = index.alerts.filter((alert) => alert.current && alert.severity !== "info").slice(0, 6);
  const all = h("a", { class: "button quiet", href: routeTo(["alerts"]) }, "All alerts");
  if (!open.length) return card("Alerts", { actions: [all] }, empty("No version is measurably worse than the one before."));
  return card(
    "Alerts",
    { actions: [all] },
    h(
      "ul",
      { class: "rows" },
      open.map((alert) =>
        h(
          "li",
          {},
          h("div", { class: "row-main" }, h("a", { href: abRoute(alert.prompt, alert.base, alert.head, alert.c.metric) }, alert.prompt), h("span", { class: "muted id" }, `${shortVersion(alert.base)} → ${shortVersion(alert.head)}`)),
          h("div", { class: "row-side" }, h("span", {}, metricTitle(index, alert.c.metric), " ", effectText(alert.c)), verdict(alert.severity)),
        ),
      ),
    ),
  );
}

// What a release changed is one click away: against the version before, or its text.
function changed(row) {
  const [, summary, before] = row.change ?? [];
  const href = before ? compareRoute(row.name, before, row.latest) : promptRoute(row.name, { tab: "text", v: row.latest });
  return row.latest ? h("a", { class: "id", href, title: summary || null }, before ? `${shortVersion(before)} → ${shortVersion(row.latest)}` : shortVersion(row.latest)) : null;
}

function recent(index) {
  const rows = index.prompts.filter((row) => row.date).toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0)).slice(0, 6);
  if (!rows.length) return null;
  return card(
    "Latest releases",
    {},
    h(
      "ul",
      { class: "rows" },
      rows.map((row) =>
        h(
          "li",
          {},
          h("div", { class: "row-main" }, h("a", { href: promptRoute(row.name) }, row.name), changed(row), h("span", { class: "muted" }, row.author)),
          h("div", { class: "row-side" }, row.change ? levelBadge(row.change[0]) : null, h("time", { class: "muted", datetime: row.date, title: time(row.date) }, day(row.date))),
        ),
      ),
    ),
  );
}
