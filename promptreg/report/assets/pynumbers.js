// Python's numbers: integers without an end, floats, and exactly rounded ways between them.
import { PyFloat, refuse, TemplateError, typeName, Unsupported } from "./pyclasses.js";
import { power } from "./pypower.js";

const MAX_BITS = 4096;

export function isInt(value) {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

export function isNumber(value) {
  return isInt(value) || value instanceof PyFloat;
}

// An integer in its one form: a number where that is exact, else a bigint.
export function whole(value) {
  if (typeof value === "bigint") return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  if (!Number.isSafeInteger(value)) return BigInt(value);
  return value === 0 ? 0 : value;
}

export function integer(value) {
  if (typeof value === "boolean") return Number(value);
  if (isInt(value)) return value;
  refuse(value);
  throw new TemplateError(`a ${typeName(value)} is no integer`);
}

// An integer that counts or measures something, for which a number is always enough.
export function size(value) {
  const found = integer(value);
  if (typeof found === "bigint") throw new TemplateError("an integer too large to count with");
  return found;
}

export function double(value) {
  if (value instanceof PyFloat) return value.value;
  if (!isInt(value)) {
    refuse(value);
    throw new TemplateError(`a ${typeName(value)} is no number`);
  }
  const found = Number(value);
  if (!Number.isFinite(found)) throw new TemplateError("an integer too large for a float");
  return found;
}

// For comparisons, which Python does exactly between integers and floats, as JavaScript does.
export function comparable(value) {
  return value instanceof PyFloat ? value.value : integer(value);
}

export function absolute(value) {
  if (value instanceof PyFloat) return new PyFloat(Math.abs(value.value));
  const found = integer(value);
  return found < 0 ? whole(-found) : found;
}

export function negated(value) {
  return value instanceof PyFloat ? new PyFloat(-value.value) : whole(-integer(value));
}

function bits(value) {
  return (value < 0n ? -value : value).toString(2).length;
}

function requireBits(count) {
  if (count > MAX_BITS) throw new TemplateError(`a number has more than ${MAX_BITS} bits`);
}

// The double nearest to a quotient of bigints.
export function quotient(a, b) {
  const [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const sign = a < 0n !== b < 0n ? -1 : 1;
  if (x === 0n) return sign * 0;
  const shift = 80 - bits(x) + bits(y);
  const [top, bottom] = shift >= 0 ? [x << BigInt(shift), y] : [x, y << BigInt(-shift)];
  const rest = top % bottom ? 1n : 0n;
  const found = Number((top / bottom) | rest) * 2 ** -shift;
  if (found < 1e-300 && shift > 900) throw new Unsupported("a number this small");
  if (!Number.isFinite(found)) throw new TemplateError("the result is too large for a float");
  return sign * found;
}

function floorDivide(x, y) {
  const [a, b] = [BigInt(x), BigInt(y)];
  const found = a / b;
  return found * b !== a && a < 0n !== b < 0n ? found - 1n : found;
}

const INTEGERS = {
  Add: (x, y) => (Number.isSafeInteger(x + y) ? x + y : BigInt(x) + BigInt(y)),
  Sub: (x, y) => (Number.isSafeInteger(x - y) ? x - y : BigInt(x) - BigInt(y)),
  Mul: (x, y) => {
    if (Number.isSafeInteger(x * y)) return x * y;
    const [a, b] = [BigInt(x), BigInt(y)];
    requireBits(bits(a) + bits(b));
    return a * b;
  },
  FloorDiv: (x, y) => floorDivide(x, y),
  Mod: (x, y) => BigInt(x) - floorDivide(x, y) * BigInt(y),
};
const BY_ZERO = new Set(["Div", "FloorDiv", "Mod"]);

export function arithmetic(operator, a, b) {
  const float = a instanceof PyFloat || b instanceof PyFloat;
  if (BY_ZERO.has(operator) && Number(comparable(b)) === 0) throw new TemplateError("division by zero");
  if (operator === "Pow") return powered(a, b, float);
  if (!float) {
    const [x, y] = [integer(a), integer(b)];
    if (operator !== "Div") return whole(mixed(INTEGERS[operator], x, y));
    return new PyFloat(typeof x === "number" && typeof y === "number" ? x / y : quotient(BigInt(x), BigInt(y)));
  }
  const [x, y] = [double(a), double(b)];
  if (operator === "Add") return new PyFloat(x + y);
  if (operator === "Sub") return new PyFloat(x - y);
  if (operator === "Mul") return new PyFloat(x * y);
  if (operator === "Div") return new PyFloat(x / y);
  return new PyFloat(floatDivmod(x, y)[operator === "Mod" ? 1 : 0]);
}

function mixed(operation, x, y) {
  return typeof x === typeof y ? operation(x, y) : operation(BigInt(x), BigInt(y));
}

function powered(a, b, float) {
  if (!float) {
    const [x, y] = [BigInt(integer(a)), BigInt(integer(b))];
    requireBits((x === 0n ? 0 : bits(x)) * Number(y > 0n ? y : 1n));
    if (y >= 0n) return whole(x ** y);
  }
  return new PyFloat(power(double(a), double(b)));
}

// As CPython's float_divmod, whose remainder has the divisor's sign.
function floatDivmod(x, y) {
  let remainder = x % y;
  let found = (x - remainder) / y;
  if (remainder !== 0) {
    if (y < 0 !== remainder < 0) {
      remainder += y;
      found -= 1;
    }
  } else remainder = y < 0 ? -0 : 0;
  if (Number.isNaN(found)) return [found, remainder];
  if (found === 0) return [x / y < 0 || Object.is(x / y, -0) ? -0 : 0, remainder];
  const floor = Math.floor(found);
  return [found - floor > 0.5 ? floor + 1 : floor, remainder];
}

// |value| * 10 ** places as an integer, rounded half to even from exactly what the double holds.
export function scaled(value, places) {
  const [mantissa, exponent] = parts(Math.abs(value));
  let top = mantissa;
  let bottom = 1n;
  if (places >= 0) top *= 10n ** BigInt(places);
  else bottom *= 10n ** BigInt(-places);
  if (exponent >= 0) top <<= BigInt(exponent);
  else bottom <<= BigInt(-exponent);
  return halfEven(top, bottom);
}

function halfEven(top, bottom) {
  const found = top / bottom;
  const twice = (top % bottom) * 2n;
  return twice > bottom || (twice === bottom && found % 2n === 1n) ? found + 1n : found;
}

// The mantissa and exponent of a finite double.
export function parts(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  return exponent ? [fraction | 0x10000000000000n, exponent - 1075] : [fraction, -1074];
}

export function rounded(value, places) {
  if (value instanceof PyFloat) {
    const x = value.value;
    if (!Number.isFinite(x) || x === 0 || places > 323) return value;
    if (places < -308) return new PyFloat(x < 0 ? -0 : 0);
    const found = Number(`${scaled(x, places)}e${-places}`);
    if (!Number.isFinite(found)) throw new TemplateError("the rounded number is too large");
    return new PyFloat(x < 0 ? -found : found);
  }
  const found = BigInt(integer(value));
  if (places >= 0) return whole(found);
  const step = 10n ** BigInt(-places);
  const near = halfEven(found < 0n ? -found : found, step) * step;
  return whole(found < 0n ? -near : near);
}

// The integer that Python's int() makes of a float.
export function truncated(value) {
  if (!Number.isFinite(value)) throw new TemplateError("not a finite number");
  return whole(Math.trunc(value));
}

export function floatText(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, power10] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(power10);
  const sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${rest}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const front = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${front}.${digits.slice(exponent + 1) || "0"}`;
}
