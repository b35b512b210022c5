// Makes elements. Text reaches the page only as text nodes, so that no data can become markup.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props = {}, ...children) {
  return build(document.createElement(tag), props, children);
}

export function s(tag, props = {}, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

function build(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") {
      // The content security policy forbids style attributes, not the object model.
      for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    } else if (name === "value" || name === "checked" || name === "selected" || name === "indeterminate") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(node, child);
    else node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

const ICONS = {
  search: ["M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM14 14l-3.4-3.4"],
  theme: ["M8 13.5A5.5 5.5 0 0 0 8 2.5z", "M8 13.5a5.5 5.5 0 1 1 0-11 5.5 5.5 0 0 1 0 11z"],
  up: ["M8 3.5l4.5 8h-9z"],
  down: ["M8 12.5l-4.5-8h9z"],
  same: ["M3 6h10M3 10h10"],
  check: ["M3 8.5l3.2 3.2L13 4.8"],
  unknown: ["M5.6 6a2.4 2.4 0 1 1 3.5 2.1c-.8.5-1.1.9-1.1 1.7M8 12.3v.1"],
  warning: ["M8 2.5l6 10.8H2zM8 6.5v3.2M8 11.4v.1"],
  info: ["M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3v3.4M8 5.2v.1"],
  copy: ["M5.5 5.5h8v8h-8z", "M10.5 5.5v-3h-8v8h3"],
  link: ["M9.5 2.5h4v4M13.5 2.5l-6 6M11.5 9v4.5h-9v-9H7"],
  chevron: ["M6 3.5L10.5 8 6 12.5"],
  download: ["M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10"],
  fold: ["M5 6l3-3 3 3M5 10l3 3 3-3"],
  tag: ["M2.5 2.5h5.2l5.8 5.8-5.2 5.2-5.8-5.8zM5.3 5.3v.1"],
};

const FILLED = new Set(["up", "down"]);

export function icon(name) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    ICONS[name].map((d, at) =>
      s("path", { d, class: FILLED.has(name) || (name === "theme" && at === 0) ? "solid" : "" }),
    ),
  );
}

let lastId = 0;

export function newId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
