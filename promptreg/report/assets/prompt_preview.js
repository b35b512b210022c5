// Fills the templates with values while somebody types them; nothing leaves the page.
import { h, replace } from "./dom.js";
import { PyFloat, TemplateError, Unsupported } from "./pyclasses.js";
import { fromJson } from "./pyjson.js";
import { isInt } from "./pynumbers.js";
import { equal } from "./pyvalues.js";
import { remember } from "./router.js";
import { renderTree } from "./tree.js";
import { card, copyButton, empty } from "./widgets.js";

const values = new Map();
// A longer address is cut off by some mail programs and chats.
const LONGEST_ADDRESS = 6000;

export function previewPanel(app, prompt, v, link, query) {
  const key = prompt.name;
  if (!values.has(key)) values.set(key, new Map());
  const given = values.get(key);
  for (const [name, text] of shared(query.vars)) given.set(name, text);
  const output = h("div", { class: "preview-output", "aria-live": "polite" });
  const told = h("p", { class: "muted", role: "status" });
  const keep = () => {
    // Somebody may have left for another page while this one was loading.
    if (!output.isConnected) return;
    const vars = addressText(v.variables, given);
    const tooLong = vars.length > LONGEST_ADDRESS;
    replace(told, tooLong ? "These values are too long for the address: a link to this page leaves them out." : "");
    remember(["prompt", prompt.name], { ...query, vars: tooLong ? "" : vars });
  };
  const update = () => {
    replace(output, v.messages.map((message) => rendered(prompt, v, message, given)));
    keep();
  };
  const fields = v.variables.map((variable) => field(variable, given, update));
  update();
  queueMicrotask(keep);
  return card(
    "Live preview",
    { note: "Rendered in your browser; nothing leaves the page. The address keeps the values." },
    h("div", { class: "preview" }, v.variables.length ? h("form", { class: "preview-form", onsubmit: (event) => event.preventDefault() }, fields, told) : empty("This version has no variables."), output),
  );
}

// What a link says about the values: null where a variable is left out.
function shared(text) {
  try {
    const found = JSON.parse(text ?? "{}");
    return Object.entries(found).filter(([, one]) => one === null || typeof one === "string");
  } catch {
    return [];
  }
}

// The values that somebody changed, as the address keeps them.
function addressText(variables, given) {
  const changed = variables.filter((one) => given.get(one.name) !== startText(one)).map((one) => [one.name, given.get(one.name)]);
  return changed.length ? JSON.stringify(Object.fromEntries(changed)) : "";
}

function field(variable, given, update) {
  const id = `value-${variable.name}`;
  // Another version may not allow what was left out in this one.
  if (!given.has(variable.name) || (given.get(variable.name) === null && !mayBeNull(variable))) given.set(variable.name, startText(variable));
  const told = h("p", { class: "problem", id: `${id}-problem` });
  const set = (text) => {
    given.set(variable.name, text);
    replace(told, problem(variable, text) ?? "");
    update();
  };
  const input = inputFor(variable, given.get(variable.name), { id, "aria-describedby": `${id}-problem` }, set);
  replace(told, problem(variable, given.get(variable.name)) ?? "");
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, h("b", {}, variable.name), " ", h("span", { class: "muted" }, variable.type, variable.required ? "" : ", optional")),
    input,
    mayBeNull(variable) ? leftOut(variable, given, input, set) : null,
    variable.description ? h("p", { class: "muted" }, variable.description) : null,
    told,
  );
}

function inputFor(variable, start, common, set) {
  const changed = (event) => set(event.target.type === "checkbox" ? String(event.target.checked) : event.target.value);
  const value = start ?? sample(variable);
  const disabled = start === null;
  if (variable.enum.length) {
    const texts = variable.enum.map((one) => shownText(one, variable.type));
    return h("select", { ...common, disabled, onchange: changed }, texts.map((text) => h("option", { value: text, selected: text === value }, text)));
  }
  if (variable.type === "boolean") return h("input", { ...common, disabled, type: "checkbox", checked: value === "true", onchange: changed });
  if (variable.type === "integer" || variable.type === "number") return h("input", { ...common, disabled, inputmode: variable.type === "integer" ? "numeric" : "decimal", autocomplete: "off", value, oninput: changed });
  return h("textarea", { ...common, disabled, rows: variable.type === "string" ? "2" : "4", value, oninput: changed, dir: "auto", spellcheck: "false" });
}

// A default of null stands for "not given", which no text of an input can say.
function mayBeNull(variable) {
  return !variable.required && (variable.default === null || variable.default === undefined || variable.default === "null");
}

function leftOut(variable, given, input, set) {
  const box = h("input", {
    type: "checkbox",
    checked: given.get(variable.name) === null,
    onchange: () => {
      input.disabled = box.checked;
      set(box.checked ? null : input.type === "checkbox" ? String(input.checked) : input.value);
    },
  });
  return h("label", { class: "left-out" }, box, " left out: ", h("code", {}, "null"));
}

// The text an input starts with; null where the variable starts left out.
function startText(variable) {
  if (mayBeNull(variable)) return null;
  return variable.required ? sample(variable) : shownText(variable.default, variable.type);
}

function sample(variable) {
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
  const value = typedValue(variable, text);
  // Also a value that came with the address must be one of those allowed.
  if (text !== null && variable.enum.length && !variable.enum.some((one) => equal(fromJson(one), value))) throw new TemplateError(`${variable.name}: none of the allowed values`);
  return value;
}

function typedValue(variable, text) {
  if (text === null) {
    if (!mayBeNull(variable)) throw new TemplateError(`${variable.name}: cannot be left out`);
    return null;
  }
  if (variable.type === "string") return text;
  let value;
  try {
    value = fromJson(text);
  } catch (error) {
    throw new TemplateError(`${variable.name}: not valid JSON${text.trim() ? ` (${error.message.replace("not valid JSON ", "")})` : ", it is empty"}`);
  }
  const fits = {
    integer: (x) => isInt(x) && typeof x !== "boolean",
    number: (x) => (isInt(x) && typeof x !== "boolean") || x instanceof PyFloat,
    boolean: (x) => typeof x === "boolean",
    array: Array.isArray,
    object: (x) => x instanceof Map,
    any: () => true,
  }[variable.type];
  if (fits && !fits(value)) throw new TemplateError(`${variable.name}: not of type ${variable.type}`);
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
      unsupported ? h("p", { class: "muted" }, "Render it with: ", h("code", {}, `promptreg render ${prompt.name}@${v.released ? v.version : "HEAD"}`)) : null,
    );
  }
}
