// What is live, what is released but not live, what it costs and what should worry.
import { sparkline, timeChart } from "./charts.js";
import { h, icon } from "./dom.js";
import { count, day, metricValue, money, NO_DATA, plural, shortDay, time } from "./format.js";
import { atAGlance, measured, openAlerts } from "./overview_glance.js";
import { labelCommand, liveCard } from "./overview_live.js";
import { compareRoute, evidenceRoute, promptRoute, routeTo } from "./router.js";
import { card, delta, effectText, empty, labelBadge, levelBadge, metricTitle, promptName, verdict, versionName } from "./widgets.js";

const TITLES = { prompts: "Prompts", versions: "Versions", calls: "Calls", cost: "Cost", tokens: "Tokens", success_rate: "Success rate" };
const SHOWN_ALERTS = 6;
const SHOWN_COSTS = 6;
const FEWEST_RELEASES = 3;
const DAY_IS_OVER = "23:30";

export function overviewPage(app) {
  const { index } = app;
  const steps = nextSteps(index);
  // Whoever begins reads among the steps how to set a label.
  const live = steps && !index.labels.length && !index.unpromoted.length ? null : liveCard(index);
  return [
    index.prompts.length ? atAGlance(index) : h("h2", { class: "unseen" }, "Overview"),
    steps,
    index.figures.length ? h("dl", { class: "figures" }, index.figures.map((figure) => figureCard(index, figure))) : null,
    index.notes.length ? h("div", { class: "card notes" }, icon("info"), h("ul", {}, index.notes.map((note) => h("li", {}, note)))) : null,
    index.prompts.length ? h("div", { class: "board" }, live, h("div", { class: "lists" }, alerts(index), recent(index), costs(index)), courses(index)) : null,
  ];
}

// What is still missing for the report to answer its questions, and the command that brings it.
function nextSteps(index) {
  const done = [
    [index.prompts.length, "Write a prompt", "promptreg new NAME"],
    [index.prompts.some((row) => row.versions), "Release its first version, once it is committed", "promptreg release"],
    [index.prompts.some((row) => row.calls), "Log what calls cost, how long they take and how good they are", "promptreg metrics log"],
    [index.labels.length, "Say what production serves", labelCommand(index)],
  ];
  // Whoever measures and has no label reads under "Live now" how to set one.
  if (done.slice(0, 3).every(([is]) => is)) return null;
  const step = ([is, text, command]) => h("li", { class: is ? "muted" : "" }, icon(is ? "check" : "chevron"), h("span", {}, text, is ? h("span", { class: "unseen" }, ": done") : null), is ? null : h("code", {}, command));
  return card(index.prompts.length ? "What comes next" : "No prompt yet", { note: index.prompts.length ? "" : "Four steps to a report that says which version is live, what it costs and whether it is better" }, h("ol", { class: "steps" }, done.map(step)));
}

function figureCard(index, figure) {
  const text =
    figure.name === "cost" ? money(figure.value) : figure.name === "success_rate" ? metricValue(figure.value, "ratio") : count(figure.value);
  const both = figure.previous && figure.recent !== null;
  const share = both ? figure.recent / figure.previous - 1 : null;
  // The change of a share is told in points, and no change here is a verdict.
  const points = both && figure.name === "success_rate" ? figure.recent - figure.previous : null;
  const title = `last ${index.periodDays} whole days against the ${index.periodDays} days before`;
  const known = figure.value !== null;
  // What is low at its end because the day was not over looks like a fall.
  const course = lastDay(index, figure.dates.at(-1)) ? figure.series.slice(0, -1) : figure.series;
  const note = share === null ? noteOf(index, figure.name) : "";
  return h(
    "div",
    { class: "figure" },
    h("dt", {}, TITLES[figure.name] ?? figure.name),
    h(
      "dd",
      { class: known ? "" : "missing" },
      h("span", {}, known ? text : NO_DATA),
      note ? h("span", { class: "figure-note muted" }, note) : null,
      share === null ? null : h("span", { class: "figure-note" }, delta(points ?? share, null, { title, unit: points === null ? "%" : "\u00a0pp" }), h("span", { class: "muted", title }, index.periodDays === 7 ? "on the week" : `in ${index.periodDays} days`)),
      course.length > 1 ? sparkline(course, { label: `${TITLES[figure.name]}, last ${course.length} days`, fill: true, height: 32 }) : null,
    ),
  );
}

// What has no course over time says something else of interest.
function noteOf(index, name) {
  if (name === "prompts" && index.labels.length) return `${count(new Set(index.labels.map((row) => row.prompt)).size)} live`;
  const latest = newestReleases(index)[0]?.date;
  return name === "versions" && latest ? `latest ${day(latest)}` : "";
}

function courses(index) {
  const found = index.figures.filter((figure) => ["calls", "cost"].includes(figure.name) && figure.dates.length > 1);
  return found.map((figure) =>
    timeChart({
      title: figure.name === "calls" ? "Calls per day" : "Cost per day",
      note: `all prompts together${lastDay(index, figure.dates.at(-1))}`,
      unit: figure.name === "cost" ? "money" : "tokens",
      highName: "",
      lowName: figure.name,
      level: "h2",
      height: 264,
      series: [{ name: "all prompts", color: figure.name === "calls" ? 0 : 1, points: figure.dates.map((date, at) => ({ date, y: figure.series[at], n: calls(index, at) })) }],
    }),
  );
}

// A course that falls at its end mostly does so because the last day was not over.
function lastDay(index, last) {
  const [date, clock = ""] = (index.dataDate ?? "").split("T");
  return date === last && clock && clock < DAY_IS_OVER ? `; ${shortDay(date)} until ${clock.slice(0, 5)} UTC` : "";
}

// Where the money goes: a mean per call hides what is called often.
function costs(index) {
  const spent = index.prompts.filter((row) => row.spent > 0).sort((a, b) => b.spent - a.spent);
  if (spent.length < 2) return null;
  // Rows have four digits; their sum would be another than the figure above.
  const total = index.figures.find((figure) => figure.name === "cost")?.value ?? spent.reduce((sum, row) => sum + row.spent, 0);
  const entry = (row) =>
    h(
      "li",
      {},
      h("div", { class: "row-main" }, h("a", { href: promptRoute(row.name, { tab: "charts" }) }, promptName(row.name))),
      h("div", { class: "row-side" }, h("b", {}, money(row.spent)), h("span", { class: "muted" }, `${metricValue(row.spent / total, "ratio")}, ${plural(row.calls, "call")}`)),
      h("div", { class: "share row-more", "aria-hidden": "true" }, h("span", { style: { width: `${(100 * row.spent) / spent[0].spent}%` } })),
    );
  const all = h("a", { class: "button quiet", href: routeTo(["prompts"], { sort: "spent", dir: "desc" }) }, "All by cost");
  const note = `${money(total)} in all${spent.length > SHOWN_COSTS ? `; ${SHOWN_COSTS} of ${plural(spent.length, "prompt")}` : ""}`;
  return card("Where the cost goes", { class: "costs", note, actions: [all] }, h("ul", { class: "rows" }, spent.slice(0, SHOWN_COSTS).map(entry)));
}

function calls(index, at) {
  return index.figures.find((figure) => figure.name === "calls")?.series[at] ?? null;
}

// All that got worse between the two versions of a pair, for each pair.
function alertsByPair(index) {
  return Map.groupBy(openAlerts(index), (alert) => JSON.stringify([alert.prompt, alert.base, alert.head]));
}

function alerts(index) {
  const pairs = alertsByPair(index);
  const all = h("a", { class: "button quiet", href: routeTo(["alerts"]) }, "All alerts");
  if (!measured(index)) return card("Alerts", {}, empty("Nothing is measured yet.", "Alerts tell which version does worse than the one before, once calls of both are logged."));
  if (!pairs.size) return card("Alerts", { actions: [all] }, empty("No version is measurably worse than the one before."));
  return card("Alerts", { actions: [all] }, h("ul", { class: "rows" }, [...pairs.values()].slice(0, SHOWN_ALERTS).map((pair) => alertEntry(index, pair))));
}

function alertEntry(index, pair) {
  const [{ prompt, base, head, live: labels, severity }] = pair;
  const found = new Map(pair.map((alert) => [alert.c.metric, alert]));
  return h(
    "li",
    {},
    h("div", { class: "row-main" }, h("a", { href: compareRoute(prompt, base, head) }, promptName(prompt)), h("span", { class: "muted" }, versionName(base), " → ", versionName(head)), labels.map(labelBadge)),
    h("div", { class: "row-side" }, verdict(severity)),
    h(
      "ul",
      { class: "row-more facts" },
      [...found.values()].map((alert) => h("li", {}, h("a", { href: evidenceRoute(alert) }, metricTitle(index, alert.c.metric)), " ", effectText(alert.c))),
    ),
  );
}

// All that a release changed is one click away: against the version before, or its text.
function changed(row) {
  const [, , before] = row.change ?? [];
  const href = before ? compareRoute(row.name, before, row.latest) : promptRoute(row.name, { tab: "text", v: row.latest });
  return row.latest ? h("a", { href }, before ? [versionName(before), " → "] : null, versionName(row.latest)) : null;
}

// What each prompt released last; mostly that is also its latest version.
function newestReleases(index) {
  const rows = index.prompts.map((row) => ({ ...row, ...row.newest })).filter((row) => row.date);
  return rows.sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));
}

function recent(index) {
  // About as many as there are alerts beside them.
  const shown = Math.max(FEWEST_RELEASES, Math.min(SHOWN_ALERTS, alertsByPair(index).size));
  const rows = newestReleases(index).slice(0, shown);
  if (!rows.length) return null;
  const all = h("a", { class: "button quiet", href: routeTo(["prompts"], { sort: "latest", dir: "desc" }) }, "All by date");
  return card(
    "Latest releases",
    { actions: [all] },
    h(
      "ul",
      { class: "rows" },
      rows.map((row) =>
        h(
          "li",
          {},
          h("div", { class: "row-main" }, h("a", { href: promptRoute(row.name) }, promptName(row.name)), changed(row)),
          h("div", { class: "row-side" }, row.yanked ? h("span", { class: "badge worse" }, "yanked") : null, row.change ? levelBadge(row.change[0]) : null),
          h("p", { class: "row-more facts brief" }, h("time", { datetime: row.date, title: time(row.date) }, day(row.date)), h("bdi", {}, row.author), row.change?.[1] ? h("span", { class: "told", dir: "auto", title: row.change[1] }, row.change[1]) : null),
        ),
      ),
    ),
  );
}
