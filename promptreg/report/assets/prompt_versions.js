// The timeline: every version with who, when, what changed and how it did; two can be compared.
import { h } from "./dom.js";
import { count, metricValue, money, NO_DATA, time } from "./format.js";
import { verdictsOf } from "./pairs.js";
import { abRoute, compareRoute, promptRoute } from "./router.js";
import { card, csv, downloadButton, labelBadge, levelBadge, verdict, versionName } from "./widgets.js";

const PAGE = 12;

export function versionsPanel(app, prompt, chosen) {
  const newest = prompt.versions.toReversed();
  const picked = new Set();
  const compare = h("button", { type: "button", class: "button", disabled: true, title: "Select two versions first", onclick: () => compareTwo(prompt, picked) }, "Compare two");
  const list = h("ol", { class: "timeline" });
  let shown = 0;
  const more = h("button", { type: "button", class: "button quiet more", onclick: () => show() }, "");
  const show = () => {
    const to = Math.min(newest.length, Math.max(shown + PAGE, newest.indexOf(chosen) + 1));
    list.append(...newest.slice(shown, to).map((v) => entry(app, prompt, v, picked, compare)));
    shown = to;
    more.textContent = `Show older versions (${newest.length - shown})`;
    more.hidden = shown >= newest.length;
  };
  show();
  return card(
    "Versions",
    {
      note: prompt.versions.length === 1 ? "One version" : `${count(prompt.versions.length)} versions, newest first`,
      actions: [prompt.versions.length > 1 ? compare : null, downloadButton("CSV", "versions.csv", () => versionsCsv(prompt))],
    },
    list,
    more,
  );
}

function compareTwo(prompt, picked) {
  const [base, head] = prompt.versions.filter((v) => picked.has(v.version));
  location.hash = compareRoute(prompt.name, base.version, head.version);
}

function entry(app, prompt, v, picked, compare) {
  const before = prompt.versions[v.index - 1];
  const box = h("input", {
    type: "checkbox",
    "aria-label": `Select ${v.version}`,
    onchange: () => {
      if (box.checked) picked.add(v.version);
      else picked.delete(v.version);
      compare.disabled = picked.size !== 2;
      compare.title = compare.disabled ? "Select two versions first" : "";
    },
  });
  return h(
    "li",
    { class: `version ${v.released ? "" : "draft"}` },
    h("span", { class: `node ${v.level}`, "aria-hidden": "true" }),
    h(
      "div",
      { class: "version-head" },
      prompt.versions.length > 1 ? box : null,
      h("h3", {}, h("a", { class: "id", href: promptRoute(prompt.name, { tab: "text", v: v.version }) }, v.version)),
      levelBadge(v.level),
      v.labels.map(labelBadge),
      v.released ? null : h("span", { class: "badge open" }, "unreleased"),
      v.yanked === null ? null : verdict("regression", `yanked: ${v.yanked}`),
      h("span", { class: "grow" }),
      before ? h("a", { class: "stat", href: compareRoute(prompt.name, before.version, v.version), "aria-label": `What changed from ${before.version} to ${v.version}: ${v.added} lines added, ${v.removed} removed` }, h("span", { class: "told" }, "What changed"), h("span", { class: "plus" }, `+${count(v.added)}`), h("span", { class: "minus" }, `−${count(v.removed)}`)) : null,
    ),
    h("div", { class: "version-body" }, whatChanged(prompt, v), chips(v), againstBefore(app, prompt, v)),
    v.annotations.length ? h("ul", { class: "annotations", "aria-label": "Annotations" }, v.annotations.map(annotation)) : null,
  );
}

function whatChanged(prompt, v) {
  // A tag's first line begins with what stands above it already, unless the prompt was renamed.
  const known = `${prompt.name} ${v.version}`;
  const summary = v.summary.startsWith(known) ? v.summary.slice(known.length).replace(/^[:\s]+/, "") : v.summary;
  return h(
    "div",
    {},
    summary ? h("p", { class: "summary", dir: "auto" }, summary) : null,
    v.changes.length ? h("ul", { class: "changes" }, v.changes.map((c) => h("li", {}, h("span", { dir: "auto" }, c.detail || c.rule), c.detail ? h("code", { title: "the rule that found it" }, c.rule) : null))) : null,
    h(
      "p",
      { class: "muted by" },
      v.author ? h("bdi", {}, v.author) : null,
      v.date ? h("time", { datetime: v.date }, time(v.date)) : null,
      v.commit ? h("code", { title: v.commit }, v.commit.slice(0, 7)) : h("span", {}, "not committed"),
      h("code", { title: `content digest, from ${v.digest}` }, `sha256:${v.digest.slice(0, 12)}`),
    ),
  );
}

// What the gate says of a version and the one measured before it.
function againstBefore(app, prompt, v) {
  const place = new Map(prompt.versions.map((one) => [one.version, one.index]));
  const [found] = prompt.comparisons
    .filter((one) => one.head === v.version && place.get(one.base) < v.index)
    .sort((one, other) => place.get(other.base) - place.get(one.base));
  return found ? h("p", { class: "badges" }, h("a", { href: abRoute(prompt.name, found.base, v.version) }, "against ", versionName(found.base)), verdictsOf(app, found.metrics)) : null;
}

function annotation(note) {
  return h("li", {}, h("b", {}, note.author), " ", h("span", { class: "muted" }, time(note.date), note.resolved ? " · resolved" : ""), h("p", { dir: "auto" }, note.text));
}

function chips(v) {
  if (!v.calls) return h("p", { class: "muted" }, "no metrics");
  const { latency, cost, quality, success_rate: success } = v.metrics;
  const chip = (name, value) => h("span", {}, h("span", { class: "muted" }, name), " ", value === NO_DATA ? h("span", { class: "absent" }, value) : value);
  return h(
    "p",
    { class: "chips" },
    chip("calls", count(v.calls)),
    chip("median", metricValue(latency?.quantiles[2], "ms")),
    chip("p95", metricValue(latency?.quantiles[4], "ms")),
    chip("cost per call", money(cost?.mean)),
    chip("quality", metricValue(quality?.mean, "")),
    chip("success", metricValue(success?.mean, "ratio")),
  );
}

function versionsCsv(prompt) {
  const names = [...new Set(prompt.versions.flatMap((v) => Object.keys(v.metrics)))];
  const head = ["version", "date", "author", "commit", "digest", "level", "labels", "calls", "cost", ...names.flatMap((name) => [`${name}_n`, `${name}_mean`, `${name}_p50`, `${name}_p95`])];
  const rows = prompt.versions.map((v) => [
    v.version, v.date, v.author, v.commit, v.digest, v.level, v.labels.join(" "), v.calls, v.cost,
    ...names.flatMap((name) => {
      const m = v.metrics[name];
      return m ? [m.n, m.mean, m.quantiles[2] ?? null, m.quantiles[4] ?? null] : [null, null, null, null];
    }),
  ]);
  return csv([head, ...rows]);
}

