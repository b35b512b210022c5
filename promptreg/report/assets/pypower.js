// x ** y for floats. Browsers and C libraries round the last digit differently, so the result is
// computed to many digits; where a library might round either way, the answer is "not available".
import { TemplateError, Unsupported } from "./pyclasses.js";

const PRECISION = 192;
// How far from the middle between two doubles a result must lie, in units of the last place.
const DOUBT = 0.045;

export function power(x, y) {
  if (x === 1 || y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === 0 && y < 0) throw new TemplateError("zero cannot be raised to a negative power");
  if (!Number.isFinite(y)) return Math.abs(x) === 1 ? 1 : Math.abs(x) ** y;
  if (x === 0 || !Number.isFinite(x)) return x ** y;
  const odd = Math.abs(y % 2) === 1;
  if (x < 0 && !Number.isInteger(y)) throw new Unsupported("a complex number");
  return (x < 0 && odd ? -1 : 1) * positive(Math.abs(x), y);
}

function positive(x, y) {
  const size = y * Math.log2(x);
  if (size > 1024.5) throw new TemplateError("the result is too large for a float");
  if (size < -1100) return 0;
  if (size < -1020 || size > 1023.5) throw new Unsupported("a power of this size");
  const base = y < 0 ? inverse(fromDouble(x)) : fromDouble(x);
  const exponent = Math.abs(y);
  const found = multiply(wholePower(base, BigInt(Math.floor(exponent))), fraction(base, exponent % 1));
  return toDouble(found);
}

// A positive number as mantissa * 2 ** exponent.
function trim(mantissa, exponent) {
  const extra = mantissa.toString(2).length - PRECISION;
  return extra > 0 ? [mantissa >> BigInt(extra), exponent + extra] : [mantissa, exponent];
}

function fromDouble(x) {
  let [mantissa, exponent] = [x, 0];
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent -= 1;
  }
  return [BigInt(mantissa), exponent];
}

function multiply([a, i], [b, j]) {
  return trim(a * b, i + j);
}

function inverse([mantissa, exponent]) {
  const shift = 2 * PRECISION;
  return trim((1n << BigInt(shift)) / mantissa, -shift - exponent);
}

function wholePower(base, times) {
  let found = [1n, 0];
  for (let square = base; times; times >>= 1n) {
    if (times & 1n) found = multiply(found, square);
    square = multiply(square, square);
  }
  return found;
}

// base ** part for 0 <= part < 1, bit by bit: each bit stands for one more square root.
function fraction(base, part) {
  let found = [1n, 0];
  let root = base;
  for (let rest = part, step = 0; rest; step++) {
    if (step > 80) throw new Unsupported("a power this near to zero");
    root = squareRoot(root);
    rest *= 2;
    if (rest >= 1) {
      found = multiply(found, root);
      rest -= 1;
    }
  }
  return found;
}

function squareRoot([mantissa, exponent]) {
  let shift = Math.max(0, 2 * PRECISION - mantissa.toString(2).length);
  if ((exponent - shift) % 2) shift += 1;
  const square = mantissa << BigInt(shift);
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return trim(root, (exponent - shift) / 2);
    root = next;
  }
}

function toDouble([mantissa, exponent]) {
  const extra = mantissa.toString(2).length - 53;
  if (extra > 0) {
    const unit = 1n << BigInt(extra);
    const beyond = Number(((mantissa % unit) << 20n) / unit) / 2 ** 20;
    if (Math.abs(beyond - 0.5) < DOUBT) throw new Unsupported("the last digit of this power");
  }
  // Two steps, because 2 ** exponent alone may be too small.
  const half = Math.trunc(exponent / 2);
  return Number(mantissa) * 2 ** half * 2 ** (exponent - half);
}
