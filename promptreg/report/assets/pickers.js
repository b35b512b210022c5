// Choosing a prompt and two of its versions, with the choice in the address.
import { loadPrompt } from "./data.js";
import { h, replace } from "./dom.js";
import { day, effect, shortVersion } from "./format.js";
import { openAlerts } from "./overview_glance.js";
import { comparisonsOf, findComparison } from "./pairs.js";
import { evidenceOf, routeTo } from "./router.js";
import { card, empty, labelBadge, metricTitle, select, verdict } from "./widgets.js";
import { notFound } from "./view_prompt.js";

// Draws pickers, loads the prompt, then hands the chosen pair to `body`.
export function pairPage(app, page, title, asked, body, extras = () => []) {
  const { index } = app;
  const able = index.prompts.filter((row) => row.versions + row.draft > 1);
  if (!able.length) return [h("h2", {}, title), card("", {}, empty("No prompt has two versions yet.", "Release a second version of a prompt to compare it with the first."))];
  const { why, ...begun } = asked.prompt ? {} : beginning(index, able);
  const name = asked.prompt || begun.prompt;
  const row = index.promptByName.get(name);
  if (!row) return notFound(name);
  const query = { ...begun, ...asked, prompt: row.name };
  const go = (changes) => {
    location.hash = routeTo([page], { ...query, ...changes });
  };
  const box = h("div", { class: `stack pair-${page}`, "aria-busy": "true" }, h("p", { class: "loading" }, "Loading…"));
  const slots = h("div", { class: "filters chosen" });
  loadPrompt(row.number)
    .then((prompt) => {
      const [base, head] = pairOf(prompt, query);
      const options = prompt.versions.toReversed().map((v) => [v.version, `${shortVersion(v.version)}${v.labels.length ? ` · ${v.labels.join(", ")}` : ""}`]);
      replace(
        slots,
        promptPicker(able.includes(row) ? able : [row, ...able], query.prompt, (value) => go({ prompt: value, base: "", head: "", rows: "" })),
        select("Baseline", options, base?.version, (value) => go({ base: value, head: head?.version })),
        select("Compared with", options, head?.version, (value) => go({ head: value, base: base?.version })),
        extras(prompt, base, head, query, go),
      );
      box.removeAttribute("aria-busy");
      // A link may be older than this report, or newer.
      const lost = [query.base, query.head].filter((version) => version && !prompt.versions.some((v) => v.version === version));
      replace(box, lost.length ? card("", {}, h("p", {}, verdict("warning", "not in this report"), ` ${lost.map(shortVersion).join(", ")}: what follows is about other versions.`)) : null, base && head ? body(prompt, base, head, query, go) : card("", {}, empty("This prompt has one version only.", "There is nothing to compare it with yet.")));
    })
    .catch((error) => {
      box.removeAttribute("aria-busy");
      replace(box, card("", {}, empty("This prompt's data cannot be read.", error.message)));
    });
  return [h("h2", {}, title), card("", {}, slots, why ? h("p", { class: "aside" }, why) : null), box];
}

// What somebody most wants to see who has not chosen yet, and why it is that.
function beginning(index, able) {
  const names = new Set(able.map((row) => row.name));
  // The gravest come first; all on a live version are as grave as can be.
  const alerts = openAlerts(index).filter((one) => names.has(one.prompt));
  const alert = alerts.find((one) => one.live.length) ?? alerts[0];
  if (alert) {
    const { severity, c } = alert;
    return { ...evidenceOf(alert), why: ["Begins with the gravest alert: ", verdict(severity), ` ${metricTitle(index, c.metric)} ${effect(c)}`] };
  }
  const [last] = index.labels.filter((row) => row.previous && names.has(row.prompt)).sort((a, b) => (a.since < b.since ? 1 : -1));
  if (last) {
    const { prompt, previous: base, version: head, label, since } = last;
    return { prompt, base, head, why: ["Begins with what went live last: ", labelBadge(label), since ? ` on ${day(since)}` : ""] };
  }
  return { prompt: able.find((row) => row.calls)?.name ?? able[0].name };
}

function promptPicker(able, name, choose) {
  return select("Prompt", able.map((row) => [row.name, row.name]), name, choose);
}

function pairOf(prompt, query) {
  const named = (version) => prompt.versions.find((v) => v.version === version);
  const measured = prompt.versions.filter((v) => v.calls);
  const source = measured.length > 1 ? measured : prompt.versions;
  const head = named(query.head) ?? source.at(-1);
  const base = named(query.base) ?? source.filter((v) => v.index < (head?.index ?? 0)).at(-1) ?? prompt.versions.find((v) => v !== head);
  return [base, head];
}

export function rowsPicker(prompt, base, head, query, go) {
  const found = comparisonsOf(prompt, base, head);
  if (found.length < 2) return null;
  const chosen = findComparison(prompt, base, head, query.rows).basis;
  return select("Rows", found.map((c) => [c.basis, c.basis]), chosen, (rows) => go({ rows, base: base.version, head: head.version }));
}
