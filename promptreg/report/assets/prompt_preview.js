// Fills the templates with values while somebody types them; nothing leaves the page.
import { h, replace } from "./dom.js";
import { renderTree } from "./tree.js";
import { PyFloat, Unsupported } from "./pyclasses.js";
import { fromJson } from "./pyjson.js";
import { isInt } from "./pynumbers.js";
import { card, copyButton, empty } from "./widgets.js";

const values = new Map();

export function previewPanel(app, prompt, v) {
  const key = prompt.name;
  if (!values.has(key)) values.set(key, new Map());
  const given = values.get(key);
  const output = h("div", { class: "preview-output", "aria-live": "polite" });
  const update = () => replace(output, v.messages.map((message) => rendered(prompt, v, message, given)));
  const fields = v.variables.map((variable) => field(variable, given, update));
  update();
  return card(
    "Live preview",
    { note: "Rendered in your browser; nothing leaves the page" },
    h("div", { class: "preview" }, v.variables.length ? h("form", { class: "preview-form", onsubmit: (event) => event.preventDefault() }, fields) : empty("This version has no variables."), output),
  );
}

function field(variable, given, update) {
  const id = `value-${variable.name}`;
  const start = given.get(variable.name) ?? startText(variable);
  given.set(variable.name, start);
  const told = h("p", { class: "problem", id: `${id}-problem` });
  const changed = (event) => {
    given.set(variable.name, event.target.type === "checkbox" ? String(event.target.checked) : event.target.value);
    replace(told, problem(variable, given.get(variable.name)) ?? "");
    update();
  };
  const common = { id, "aria-describedby": `${id}-problem` };
  let input;
  if (variable.enum.length) {
    input = h("select", { ...common, onchange: changed }, variable.enum.map((one) => h("option", { value: shownText(one, variable.type), selected: shownText(one, variable.type) === start }, shownText(one, variable.type))));
  } else if (variable.type === "boolean") input = h("input", { ...common, type: "checkbox", checked: start === "true", onchange: changed });
  else if (variable.type === "integer" || variable.type === "number") input = h("input", { ...common, inputmode: "decimal", value: start, oninput: changed });
  else input = h("textarea", { ...common, rows: variable.type === "string" ? "2" : "4", value: start, oninput: changed, dir: "auto", spellcheck: "false" });
  return h("div", { class: "field" }, h("label", { for: id }, h("b", {}, variable.name), " ", h("span", { class: "muted" }, variable.type, variable.required ? "" : ", optional")), input, variable.description ? h("p", { class: "muted" }, variable.description) : null, told);
}

function startText(variable) {
  if (variable.default !== null && variable.default !== undefined) return shownText(variable.default, variable.type);
  if (variable.enum.length) return shownText(variable.enum[0], variable.type);
  return { integer: "1", number: "1.5", boolean: "false", array: '["one", "two"]', object: '{"key": "value"}', any: '"value"' }[variable.type] ?? `[${variable.name}]`;
}

function shownText(json, type) {
  return type === "string" ? JSON.parse(json) ?? "" : json;
}

function problem(variable, text) {
  try {
    valueOf(variable, text);
    return null;
  } catch (error) {
    return error.message;
  }
}

function valueOf(variable, text) {
  if (variable.type === "string") return text;
  let value;
  try {
    value = fromJson(text);
  } catch {
    throw new Error(`${variable.name}: not valid JSON`);
  }
  const fits = {
    integer: (x) => isInt(x) && typeof x !== "boolean",
    number: (x) => (isInt(x) && typeof x !== "boolean") || x instanceof PyFloat,
    boolean: (x) => typeof x === "boolean",
    array: Array.isArray,
    object: (x) => x instanceof Map,
    any: () => true,
  }[variable.type];
  if (fits && !fits(value)) throw new Error(`${variable.name}: not of type ${variable.type}`);
  return value;
}

function rendered(prompt, v, message, given) {
  const head = h("h3", { class: "role" }, message.role === "placeholder" ? message.text : message.role);
  if (message.role === "placeholder") return h("section", { class: "message slot" }, head, h("p", { class: "muted" }, "messages of the caller"));
  try {
    const context = new Map(v.variables.map((variable) => [variable.name, valueOf(variable, given.get(variable.name))]));
    const fragments = new Map(v.fragments.map((fragment) => [fragment.path, fragment.tree()]));
    const text = renderTree(message.tree(), context, fragments);
    return h("section", { class: "message" }, h("div", { class: "card-head" }, head, copyButton(() => text)), h("pre", { class: "prompt", dir: "auto", role: "region", tabindex: "0", "aria-label": `${message.role} message, rendered` }, text));
  } catch (error) {
    const unsupported = error instanceof Unsupported;
    return h(
      "section",
      { class: "message" },
      head,
      h("p", { class: "problem" }, unsupported ? `Preview not available: ${error.message}. ` : error.message),
      unsupported ? h("p", { class: "muted" }, "Render it with: ", h("code", {}, `promptreg render ${prompt.name}@${v.version}`)) : null,
    );
  }
}
