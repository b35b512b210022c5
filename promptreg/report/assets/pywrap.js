// Wraps a text as Python's textwrap does with white space kept as it is.
import { TemplateError } from "./pyclasses.js";
import { known, points, stripped } from "./pytext.js";

const BLANK = "[\\t\\n\\v\\f\\r ]";
const SOLID = "[^\\t\\n\\v\\f\\r ]";
const WORD = "[\\p{L}\\p{N}_]";
const INSIDE = "[\\p{L}\\p{N}_!\"'&.,?]";
const LETTER = "[\\p{L}\\p{Nl}\\p{No}_]";
// A line may break at blanks, behind a hyphen between letters and around a dash of several hyphens.
const HYPHEN = `-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${INSIDE}-))(?=${LETTER}-?${LETTER})`;
const PIECES = new RegExp(`(${BLANK}+|(?<=${INSIDE})-{2,}(?=${WORD})|${SOLID}+?(?:${HYPHEN}|(?=${BLANK}|$)|(?<=${INSIDE})(?=-{2,}${WORD})))`, "u");
const SIMPLE_PIECES = new RegExp(`(${BLANK}+)`);
const isBlank = (piece) => stripped(piece) === "";
const lengthOf = (pieces) => pieces.reduce((sum, piece) => sum + points(piece).length, 0);

export function wrapLine(text, width, breakLong, onHyphens) {
  const pieces = known(text).split(onHyphens ? PIECES : SIMPLE_PIECES).filter(Boolean);
  if (width <= 0) throw new TemplateError("wordwrap takes a width above 0");
  const lines = [];
  while (pieces.length) {
    if (lines.length && isBlank(pieces[0])) pieces.shift();
    const line = [];
    while (pieces.length && lengthOf(line) + points(pieces[0]).length <= width) line.push(pieces.shift());
    if (pieces.length && points(pieces[0]).length > width) cut(pieces, line, width, breakLong, onHyphens);
    if (line.length && isBlank(line.at(-1))) line.pop();
    if (line.length) lines.push(line.join(""));
  }
  return lines;
}

// Puts of a piece longer than a line as much into the line as may stand there.
function cut(pieces, line, width, breakLong, onHyphens) {
  const room = width - lengthOf(line);
  if (!breakLong) {
    if (!line.length) line.push(pieces.shift());
    return;
  }
  const chars = points(pieces[0]);
  let end = room;
  if (onHyphens && chars.length > room) {
    const hyphen = chars.slice(0, room).lastIndexOf("-");
    if (hyphen > 0 && chars.slice(0, hyphen).some((char) => char !== "-")) end = hyphen + 1;
  }
  // In a line that is full this is the empty piece, behind which Python leaves a blank standing.
  line.push(chars.slice(0, end).join(""));
  pieces[0] = chars.slice(end).join("");
}
