// The names of lines at their ends.
import { s } from "./dom.js";
import { shortVersion } from "./format.js";
import { spread } from "./scales.js";

const HEIGHT = 15;
const GAP = 10;
const STEP = 4;

// Beside the chart all lines that reach its edge are named; one that ends before is where its name
// hides no line, and the legend names it anyway. labels: [{name, color, x, y}]; lines: [[x, y], ...]
export function endLabels(labels, lines, frame, width) {
  const text = (label, y) => s("text", { class: `end c${label.color}`, x: label.x + GAP, y: y + 4 }, shortVersion(label.name));
  const edge = labels.filter((label) => label.x + width > frame.right);
  const places = spread(edge.map((label) => label.y), HEIGHT, frame.top + 4, frame.bottom - 4);
  const inside = labels.filter((label) => !edge.includes(label)).map((label) => {
    const free = [0, -HEIGHT, HEIGHT].map((shift) => label.y + shift).find((y) => y > frame.top && y < frame.bottom - 4 && !crossed(lines, label.x + GAP, width, y));
    return free === undefined ? null : text(label, free);
  });
  return [inside.filter(Boolean), edge.map((label, at) => text(label, places[at]))];
}

function crossed(lines, left, width, y) {
  for (let x = left - STEP; x <= left + width + STEP; x += STEP) {
    if (lines.some((line) => Math.abs((heightAt(line, x) ?? Infinity) - y) < HEIGHT / 2)) return true;
  }
  return false;
}

// Where a line is at a place, or null where it is not.
function heightAt(line, x) {
  const at = line.findIndex(([next]) => next >= x);
  if (at < 0 || (at === 0 && line[0][0] > x)) return null;
  if (at === 0) return line[0][1];
  const [[x0, y0], [x1, y1]] = [line[at - 1], line[at]];
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
