// Marks template syntax and Markdown headings in prompt text.
import { h } from "./dom.js";

const JINJA = /(\{\{[\s\S]*?\}\})|(\{%[\s\S]*?%\})|(\{#[\s\S]*?#\})/;
const FSTRING = /(\{[A-Za-z_][A-Za-z0-9_]*\})/;

export function highlight(text, language = "jinja2") {
  const pattern = new RegExp(`(?:${(language === "fstring" ? FSTRING : JINJA).source})`, "g");
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    nodes.push(...plain(text.slice(end, match.index), end));
    const kind = match[1] ? "variable" : match[2] ? "statement" : "comment";
    nodes.push(h("span", { class: `code-${kind}` }, match[0]));
    end = match.index + match[0].length;
  }
  nodes.push(...plain(text.slice(end), end));
  return nodes;
}

function plain(text, at) {
  if (!text.includes("#")) return [text];
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(/^#{1,6} .*$/gm)) {
    if (match.index === 0 && at > 0) continue;
    nodes.push(text.slice(end, match.index), h("span", { class: "code-heading" }, match[0]));
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)];
}
