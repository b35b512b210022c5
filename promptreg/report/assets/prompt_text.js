// A version as it is written: messages, fragments, variables, settings.
import { h } from "./dom.js";
import { versionOf } from "./exports.js";
import { count, plural } from "./format.js";
import { highlight } from "./highlight.js";
import { markWithin } from "./search.js";
import { card, copyButton, downloadButton, scroll } from "./widgets.js";

export function textPanel(app, prompt, v, link, query) {
  const panel = reading(prompt, v);
  if (!query.find) return panel;
  const parts = [...panel.querySelectorAll("pre.prompt, dd, td, tbody th")];
  const hits = parts.reduce((sum, part) => sum + markWithin(part, query.find), 0);
  requestAnimationFrame(() => panel.querySelector("mark")?.scrollIntoView({ block: "center" }));
  const told = h("p", { class: "actions", role: "status" }, h("span", { class: "muted" }, `${plural(hits, "hit")} of “${query.find}” in ${v.version}`), h("a", { class: "button quiet", href: link("text", v.version) }, "Show without marks"));
  return h("div", { class: "stack" }, told, panel);
}

function reading(prompt, v) {
  return h(
    "div",
    { class: "reading" },
    h(
      "div",
      { class: "stack" },
      v.messages.map((message) => messageCard(message, v)),
      v.fragments.map((fragment) =>
        card(`Fragment ${fragment.path}`, { level: "h3", actions: [copyButton(() => fragment.text)] }, text(fragment.text, v.template, `Fragment ${fragment.path}`)),
      ),
    ),
    h("div", { class: "stack" }, v.variables.length ? variablesCard(v) : null, settingsCard(prompt, v)),
  );
}

function messageCard(message, v) {
  if (message.role === "placeholder") {
    return h("p", { class: "card slot" }, h("b", {}, message.text), h("span", { class: "muted" }, " a place that the caller fills with messages"));
  }
  return card(
    h("span", { class: "role" }, message.role),
    { level: "h3", note: `${count(message.text.length)} characters`, actions: [copyButton(() => message.text)] },
    text(message.text, v.template, `${message.role} message`),
  );
}

function text(content, language, label) {
  return h("pre", { class: "prompt", dir: "auto", role: "region", tabindex: "0", "aria-label": label }, highlight(content, language));
}

export function variablesCard(v) {
  const heads = ["Variable", "Type", "Default", "Allowed", "Description"];
  return card(
    "Variables",
    { level: "h3" },
    scroll(
      "Variables",
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
        h(
          "tbody",
          {},
          v.variables.map((variable) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, h("code", {}, variable.name)),
              h("td", {}, variable.type),
              h("td", {}, variable.required ? h("span", { class: "muted" }, "required") : h("code", {}, variable.default ?? "null")),
              h("td", {}, variable.enum.map((one, at) => [at ? ", " : "", h("code", {}, one)])),
              h("td", { dir: "auto" }, variable.description ?? ""),
            ),
          ),
        ),
      ),
    ),
  );
}

function settingsCard(prompt, v) {
  const rows = [["model", v.model ?? "not set"], ["template", v.template], ...v.settings];
  const data = () => `${JSON.stringify({ prompt: prompt.name, ...versionOf(v) }, null, 2)}\n`;
  return card(
    "Settings",
    { level: "h3", actions: [downloadButton("JSON", `${prompt.name.replaceAll("/", "-")}-${v.version}.json`, data, "application/json")] },
    h("dl", { class: "settings" }, rows.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, h("code", {}, value))))),
  );
}
