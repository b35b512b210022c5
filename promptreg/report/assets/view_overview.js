// What is live, what is released but not live, what it costs and what should worry.
import { sparkline, timeChart } from "./charts.js";
import { h, icon } from "./dom.js";
import { count, day, effect, interval, metricValue, money, NO_DATA, plural, shortVersion, time } from "./format.js";
import { abRoute, compareRoute, promptRoute, routeTo } from "./router.js";
import { card, delta, effectText, empty, labelBadge, levelBadge, metricTitle, nameCells, promptName, scroll, verdict, versionName } from "./widgets.js";

const TITLES = { prompts: "Prompts", versions: "Versions", calls: "Calls", cost: "Cost", tokens: "Tokens", success_rate: "Success rate" };
const SHOWN_LABELS = 12;
const SHOWN_ALERTS = 6;
const SHOWN_WORST = 3;
const FEWEST_RELEASES = 3;
// What is worse comes first, then what nobody can tell.
const TONES = ["worse", "unknown", "better", "neutral"];

export function overviewPage(app) {
  const { index } = app;
  return [
    index.prompts.length ? atAGlance(index) : h("h2", { class: "unseen" }, "Overview"),
    nextSteps(index),
    index.figures.length ? h("dl", { class: "figures" }, index.figures.map((figure) => figureCard(index, figure))) : null,
    index.notes.length ? h("div", { class: "card notes" }, icon("info"), h("ul", {}, index.notes.map((note) => h("li", {}, note)))) : null,
    index.prompts.length ? h("div", { class: "board" }, live(index), alerts(index), recent(index), courses(index)) : null,
  ];
}

// What is still missing for the report to answer its questions, and the command that brings it.
function nextSteps(index) {
  const done = [
    [index.prompts.length, "Write a prompt", "promptreg new NAME"],
    [index.prompts.some((row) => row.versions), "Release its first version, once it is committed", "promptreg release"],
    [index.prompts.some((row) => row.calls), "Log what calls cost, how long they take and how good they are", "promptreg metrics log"],
    [index.labels.length, "Say what production serves", "promptreg label set production NAME@VERSION"],
  ];
  // Whoever measures and has no label reads under "Live now" how to set one.
  if (done.slice(0, 3).every(([is]) => is)) return null;
  const step = ([is, text, command]) => h("li", { class: is ? "muted" : "" }, icon(is ? "check" : "chevron"), h("span", {}, text, is ? h("span", { class: "unseen" }, ": done") : null), is ? null : h("code", {}, command));
  return card(index.prompts.length ? "What comes next" : "No prompt yet", { note: index.prompts.length ? "" : "Four steps to a report that says which version is live, what it costs and whether it is better" }, h("ol", { class: "steps" }, done.map(step)));
}

function openAlerts(index) {
  return index.alerts.filter((alert) => alert.current && alert.severity !== "info");
}

// The answer in one sentence, before any figure.
function atAGlance(index) {
  const [tone, sign, text] = glance(index);
  const open = openAlerts(index);
  const critical = open.filter((alert) => alert.severity === "critical").length;
  const facts = [
    index.labels.length ? livePrompts(index.labels) : null,
    index.unpromoted.length ? h("a", { href: "#not-promoted", onclick: toUnpromoted }, `${plural(index.unpromoted.length, "release")} not promoted`) : null,
    h("a", { href: routeTo(["alerts"]) }, open.length ? `${plural(open.length, "open alert")}${critical ? `, ${count(critical)} critical` : ""}` : "no open alert"),
  ];
  return h("section", { class: `card at-a-glance ${tone}` }, icon(sign), h("div", {}, h("h2", {}, text), worst(index), h("p", { class: "facts" }, facts.filter(Boolean).map((fact) => h("span", {}, fact)))));
}

// Such as "35 prompts live: 34 in production, 9 in staging".
function livePrompts(rows) {
  const labels = [...Map.groupBy(rows, (row) => row.label)].map(([label, served]) => [label, served.length]).sort((a, b) => b[1] - a[1]);
  const told = labels.slice(0, SHOWN_WORST).map(([label, number]) => `${count(number)} in ${label}`);
  if (labels.length > told.length) told.push(plural(labels.length - told.length, "more label"));
  return `${plural(new Set(rows.map((row) => row.prompt)).size, "prompt")} live: ${told.join(", ")}`;
}

// The live versions that do worse; where there is none, newer ones that would.
function worst(index) {
  const live = index.labels.filter((row) => row.tone === "worse").slice(0, SHOWN_WORST);
  const found = live.length ? live.map(worseRow) : newerAlerts(index).slice(0, SHOWN_WORST).map((alert) => newerRow(index, alert));
  return found.length ? h("ul", {}, found.map((parts) => h("li", { class: "live-worse" }, parts))) : null;
}

function worseRow(row) {
  const told = verdict("worse", row.verdict);
  return [
    h("a", { href: promptRoute(row.prompt) }, promptName(row.prompt)),
    versionName(row.version),
    labelBadge(row.label),
    row.previous ? h("a", { class: "plain-link", href: abRoute(row.prompt, row.previous, row.version) }, told) : told,
  ];
}

function newerRow(index, { prompt, base, head, severity, c }) {
  const change = [metricTitle(index, c.metric), effect(c), interval(c)].filter(Boolean).join(" ");
  return [
    h("a", { href: promptRoute(prompt) }, promptName(prompt)),
    versionName(head),
    h("a", { class: "plain-link", href: abRoute(prompt, base, head, c.metric) }, verdict(severity, `${change} against ${shortVersion(base)}`)),
  ];
}

// Of each latest version that no label serves, its gravest alert.
function newerAlerts(index) {
  const found = new Map();
  for (const alert of openAlerts(index)) {
    const key = JSON.stringify([alert.prompt, alert.head]);
    if (!alert.live.length && !found.has(key)) found.set(key, alert);
  }
  return [...found.values()];
}

// The address belongs to the routes.
function toUnpromoted(event) {
  event.preventDefault();
  document.getElementById("not-promoted").scrollIntoView();
}

function glance(index) {
  const of = (tone) => index.labels.filter((row) => row.tone === tone);
  const [worse, unknown, better] = [of("worse"), of("unknown"), of("better")];
  if (!index.labels.length) return ["plain", "info", "No label says yet what is live"];
  if (worse.length) return ["worse", "warning", worse.length === 1 ? "One live version does worse than the one it replaced" : `${count(worse.length)} live versions do worse than those they replaced`];
  const newer = newerAlerts(index).length;
  if (newer) return ["warn", "warning", `Nothing live does worse than before, but ${newer === 1 ? "one newer version does" : `${count(newer)} newer versions do`}`];
  if (better.length) return ["fine", "check", `Nothing live does worse than before; ${better.length === 1 ? "one version does" : `${count(better.length)} versions do`} better`];
  if (unknown.length) return ["open", "unknown", "Nothing live is known to do worse than before"];
  return ["plain", "info", "What is live has no earlier version to compare with"];
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
      share === null ? null : h("span", { class: "figure-note" }, delta(points ?? share, null, { title, unit: points === null ? "%" : "\u00a0pp" }), h("span", { class: "muted" }, `in ${index.periodDays} days`)),
      figure.series.length > 1 ? sparkline(figure.series, { label: `${TITLES[figure.name]}, last ${figure.series.length} days`, fill: true, height: 32 }) : null,
    ),
  );
}

// What has no course over time says something else of interest.
function noteOf(index, name) {
  if (name === "prompts" && index.labels.length) return `${count(new Set(index.labels.map((row) => row.prompt)).size)} live`;
  const latest = index.prompts.reduce((date, row) => (row.date > date ? row.date : date), "");
  return name === "versions" && latest ? `latest ${day(latest)}` : "";
}

function live(index) {
  const rows = index.labels.toSorted((a, b) => TONES.indexOf(a.tone) - TONES.indexOf(b.tone));
  const unpromoted = index.unpromoted.length
    ? h(
        "p",
        { class: "aside", id: "not-promoted" },
        h("b", {}, "Released, not promoted: "),
        index.unpromoted.slice(0, SHOWN_LABELS).map(([name, version], at) => [at ? ", " : "", h("a", { href: promptRoute(name, { v: version }) }, promptName(name), " ", versionName(version))]),
        index.unpromoted.length > SHOWN_LABELS ? ` and ${index.unpromoted.length - SHOWN_LABELS} more` : "",
      )
    : null;
  if (!rows.length) {
    return card("Live now", { class: "wide" }, empty("No label names a version.", "Say what production serves with: promptreg label set production NAME@VERSION"), unpromoted);
  }
  const heads = ["Prompt", "Label", "Version", "Since", "How it does"];
  const body = h("tbody");
  const table = h("table", { class: "list" }, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), body);
  const show = (number) => {
    body.replaceChildren(...rows.slice(0, number).map(liveRow));
    nameCells(table);
  };
  show(SHOWN_LABELS);
  const more =
    rows.length > SHOWN_LABELS
      ? h("button", { type: "button", class: "button quiet more", onclick: (event) => { show(rows.length); event.target.remove(); } }, `Show all ${rows.length}`)
      : null;
  return card(
    "Live now",
    { class: "wide", note: "What each label serves, and how it does against the version it replaced" },
    scroll("Live now", table),
    more,
    unpromoted,
  );
}

function liveRow(row) {
  const version = h("a", { href: promptRoute(row.prompt, { v: row.version }) }, versionName(row.version));
  const judged = row.previous && row.tone !== "neutral";
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "name" }, h("a", { href: promptRoute(row.prompt) }, promptName(row.prompt))),
    h("td", {}, labelBadge(row.label)),
    h("td", {}, version, row.newer.length ? h("span", { class: "under" }, plural(row.newer.length, "newer release")) : null),
    h("td", {}, row.since ? h("time", { datetime: row.since, title: row.author ? `set by ${row.author}` : "" }, day(row.since)) : h("span", { class: "muted" }, NO_DATA)),
    h("td", { class: "across" }, judged ? h("a", { class: "plain-link", href: abRoute(row.prompt, row.previous, row.version) }, verdict(row.tone, row.verdict)) : h("span", { class: "muted" }, row.verdict || "no earlier version to compare with")),
  );
}

function courses(index) {
  const found = index.figures.filter((figure) => ["calls", "cost"].includes(figure.name) && figure.dates.length > 1);
  return found.map((figure) =>
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
  );
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
      [...found.values()].map((alert) => h("li", {}, h("a", { href: abRoute(prompt, base, head, alert.c.metric) }, metricTitle(index, alert.c.metric)), " ", effectText(alert.c))),
    ),
  );
}

// What a release changed is one click away: against the version before, or its text.
function changed(row) {
  const [, summary, before] = row.change ?? [];
  const href = before ? compareRoute(row.name, before, row.latest) : promptRoute(row.name, { tab: "text", v: row.latest });
  return row.latest ? h("a", { href, title: summary || null }, before ? [versionName(before), " → "] : null, versionName(row.latest)) : null;
}

function recent(index) {
  // About as many as there are alerts beside them.
  const shown = Math.max(FEWEST_RELEASES, Math.min(SHOWN_ALERTS, alertsByPair(index).size));
  const rows = index.prompts.filter((row) => row.date).toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0)).slice(0, shown);
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
          h("div", { class: "row-side" }, row.change ? levelBadge(row.change[0]) : null),
          h("p", { class: "row-more facts" }, h("time", { datetime: row.date, title: time(row.date) }, day(row.date)), h("bdi", {}, row.author)),
        ),
      ),
    ),
  );
}
