// The answer in one sentence, before any figure: does anything live, or newer, do worse?
import { h, icon } from "./dom.js";
import { count, effect, interval, plural, shortVersion } from "./format.js";
import { abRoute, evidenceRoute, promptRoute, routeTo } from "./router.js";
import { DAY } from "./scales.js";
import { labelBadge, metricTitle, promptName, verdict, versionName } from "./widgets.js";

const SHOWN_WORST = 3;
const FRESH_DAYS = 14;
const FEWEST_CALLS = 10;

// Without calls nothing can be worse, and nothing can be said to be fine.
export function measured(index) {
  return index.prompts.some((row) => row.calls);
}

// Those that say that something is worse; the others say that nobody can tell.
export function openAlerts(index) {
  return index.alerts.filter((alert) => alert.current && alert.severity !== "info");
}

// The test behind the verdict on a live version: that of what is worse, where something is.
export function verdictRoute(index, { prompt, previous, version }) {
  const alert = openAlerts(index).find((one) => one.prompt === prompt && one.base === previous && one.head === version);
  return alert ? evidenceRoute(alert) : abRoute(prompt, previous, version);
}

export function atAGlance(index) {
  const [tone, sign, text] = glance(index);
  const open = openAlerts(index);
  const unsettled = index.alerts.filter((alert) => alert.current).length - open.length;
  const critical = open.filter((alert) => alert.severity === "critical").length;
  const facts = [
    index.labels.length ? livePrompts(index.labels) : null,
    index.unpromoted.length ? h("a", { href: "#not-promoted", onclick: toUnpromoted }, `${plural(index.unpromoted.length, "release")} not promoted`) : null,
    measured(index) ? h("a", { href: routeTo(["alerts"]) }, open.length ? `${plural(open.length, "open alert")}${critical ? `, ${count(critical)} critical` : ""}` : "no open alert") : null,
    broken(index),
    staleness(index.dataDate),
    unsettled ? h("a", { href: routeTo(["alerts"], { severity: "info" }) }, `${plural(unsettled, "comparison")} with too few calls to tell`) : null,
  ];
  return h("section", { class: `card at-a-glance ${tone}` }, icon(sign), h("div", {}, h("h2", {}, text), worst(index), h("p", { class: "facts" }, facts.filter(Boolean).map((fact) => h("span", {}, fact)))));
}

// No worse than before is no comfort where nothing ever worked.
function broken(index) {
  const fails = ({ prompt, version }) => {
    const { calls, success } = index.promptByName.get(prompt)?.live?.[version] ?? {};
    return calls >= FEWEST_CALLS && success === 0;
  };
  const failing = new Set(index.labels.filter(fails).map((row) => row.prompt)).size;
  return failing ? verdict("critical", `${plural(failing, "live prompt fails", "live prompts fail")} in every call`) : null;
}

// A file lives on: whoever opens it later reads how old its news is.
function staleness(last) {
  const days = Math.floor((Date.now() - Date.parse(last)) / DAY);
  return days > FRESH_DAYS ? `last call ${plural(days, "day")} ago` : null;
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
  const found = live.length ? live.map((row) => worseRow(index, row)) : newerAlerts(index).slice(0, SHOWN_WORST).map((alert) => newerRow(index, alert));
  return found.length ? h("ul", {}, found.map((parts) => h("li", { class: "live-worse" }, parts))) : null;
}

function worseRow(index, row) {
  const told = verdict("worse", row.verdict);
  return [
    h("a", { href: promptRoute(row.prompt) }, promptName(row.prompt)),
    versionName(row.version),
    labelBadge(row.label),
    row.previous ? h("a", { class: "plain-link", href: verdictRoute(index, row) }, told) : told,
  ];
}

function newerRow(index, alert) {
  const { prompt, base, head, severity, c } = alert;
  const change = [metricTitle(index, c.metric), effect(c), interval(c)].filter(Boolean).join(" ");
  return [
    h("a", { href: promptRoute(prompt) }, promptName(prompt)),
    versionName(head),
    h("a", { class: "plain-link", href: evidenceRoute(alert) }, verdict(severity, `${change} against ${shortVersion(base)}`)),
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
  const of = (tone) => index.labels.filter((row) => row.tone === tone).length;
  const [worse, better, neutral] = [of("worse"), of("better"), of("neutral")];
  const newer = newerAlerts(index).length;
  const versions = (number, kind = "") => (number === 1 ? `one ${kind}version does` : `${count(number)} ${kind}versions do`);
  if (!index.labels.length && newer) return ["warn", "warning", `No label says yet what is live; ${versions(newer, "latest ")} worse than before`];
  if (!index.labels.length) return ["plain", "info", "No label says yet what is live"];
  if (worse) return ["worse", "warning", worse === 1 ? "One live version does worse than the one it replaced" : `${count(worse)} live versions do worse than those they replaced`];
  // What nobody could compare may be worse all the same.
  const certain = better + of("fine") === index.labels.length;
  const noWorse = `Nothing live ${certain ? "does" : "is known to do"} worse than before`;
  if (newer) return ["warn", "warning", `${noWorse}, but ${versions(newer, "newer ")}`];
  if (neutral === index.labels.length) return ["plain", "info", "What is live cannot be compared with earlier versions yet"];
  return [...(certain ? ["fine", "check"] : ["open", "unknown"]), better ? `${noWorse}; ${versions(better)} better` : noWorse];
}
