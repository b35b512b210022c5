// What each label serves, what it costs and how it does against the version it replaced.
import { h } from "./dom.js";
import { count, day, metricValue, money } from "./format.js";
import { verdictRoute } from "./overview_glance.js";
import { compareRoute, promptRoute } from "./router.js";
import { card, empty, labelBadge, nameCells, promptName, scroll, verdict, versionName } from "./widgets.js";

const SHOWN_LABELS = 12;
// What is worse comes first, then what nobody can tell.
const TONES = ["worse", "unknown", "better", "fine", "neutral"];
// Title, key and writing of what is known of a version.
const FIGURES = [
  ["Calls", "calls", count],
  ["Median latency", "latency", (value) => metricValue(value, "ms")],
  ["Cost per call", "cost", money],
  ["Quality", "quality", (value) => metricValue(value, "")],
  ["Success", "success", (value) => metricValue(value, "ratio")],
];

export function liveCard(index) {
  const rows = index.labels.toSorted((a, b) => TONES.indexOf(a.tone) - TONES.indexOf(b.tone));
  if (!rows.length) {
    return card("Live now", { class: "wide" }, empty("No label names a version.", "Say what production serves with:", labelCommand(index)), notPromoted(index));
  }
  const figures = new Map(rows.map((row) => [row, index.promptByName.get(row.prompt)?.live?.[row.version] ?? {}]));
  const known = (key) => rows.some((row) => (figures.get(row)[key] ?? null) !== null);
  const measured = rows.some((row) => figures.get(row).calls) ? FIGURES.filter(([, key]) => known(key)) : [];
  const heads = [["Prompt", ""], ["Version", ""], ["How it does", ""], ...measured.map(([title]) => [title, "num"])];
  const body = h("tbody");
  const table = h("table", { class: "list live" }, h("thead", {}, h("tr", {}, heads.map(([text, kind]) => h("th", { scope: "col", class: kind }, text)))), body);
  const show = (number) => {
    body.replaceChildren(...rows.slice(0, number).map((row) => liveRow(index, row, figures.get(row), measured)));
    nameCells(table);
  };
  show(SHOWN_LABELS);
  const more =
    rows.length > SHOWN_LABELS
      ? h("button", { type: "button", class: "button quiet more", onclick: (event) => { show(rows.length); event.target.remove(); } }, `Show all ${count(rows.length)}`)
      : null;
  const note = `What each label serves, and how it does against the version it replaced, with the 95% interval of each change${measured.length ? "; figures are of all its calls here" : ""}`;
  return card("Live now", { class: "wide", note }, scroll("Live now", table), more, notPromoted(index));
}

// Of a registry that has releases the command can be run as it stands.
export function labelCommand(index) {
  const row = index.prompts.find((one) => one.versions && !one.yanked);
  return `promptreg label set production ${row ? `${row.name}@${row.latest}` : "NAME@VERSION"}`;
}

function notPromoted(index) {
  const left = index.unpromoted.length - SHOWN_LABELS;
  if (!index.unpromoted.length) return null;
  return h(
    "p",
    { class: "aside", id: "not-promoted" },
    h("b", {}, "Released, not promoted: "),
    index.unpromoted.slice(0, SHOWN_LABELS).map(([name, version], at) => [at ? ", " : "", h("a", { href: promptRoute(name, { v: version }) }, promptName(name), " ", versionName(version))]),
    left > 0 ? ` and ${count(left)} more` : "",
  );
}

// Where the prompt's file can be read and edited.
function fileLinks(prompt) {
  const links = [["File", prompt?.fileUrl], ["Edit", prompt?.editUrl]].filter(([, url]) => url);
  const link = ([text, href]) => h("a", { href, rel: "noreferrer", "aria-label": `${text} ${prompt.name}` }, text);
  return links.length ? h("span", { class: "under" }, links.map(link)) : null;
}

function liveRow(index, row, figures, measured) {
  const prompt = index.promptByName.get(row.prompt);
  const since = row.since ? h("span", {}, "since ", h("time", { datetime: row.since, title: row.author ? `set by ${row.author}` : null }, day(row.since))) : null;
  const newer = row.newer.length ? h("a", { href: promptRoute(row.prompt), title: `released above it: ${row.newer.join(", ")}` }, `${count(row.newer.length)} newer`) : null;
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: "name" }, h("a", { href: promptRoute(row.prompt) }, promptName(row.prompt)), fileLinks(prompt)),
    h("td", { class: "across" }, h("span", { class: "served" }, labelBadge(row.label), h("a", { href: promptRoute(row.prompt, { tab: "text", v: row.version }) }, versionName(row.version))), h("span", { class: "under" }, since, newer)),
    h("td", { class: "across" }, howItDoes(index, row), row.previous ? h("span", { class: "under" }, h("a", { href: compareRoute(row.prompt, row.previous, row.version) }, "What changed"), h("span", {}, "since ", versionName(row.previous))) : null),
    measured.map(([, key, write]) => h("td", { class: "num" }, (figures[key] ?? null) === null ? h("span", { class: "muted" }, write(null)) : write(figures[key]))),
  );
}

function howItDoes(index, row) {
  if (!row.previous || row.tone === "neutral") return h("span", { class: "muted" }, row.verdict || "no calls of an earlier version");
  return h("a", { class: "plain-link", href: verdictRoute(index, row) }, verdict(row.tone, row.verdict));
}
