import { ln } from "./ln-exp.ts";

/**
 * Quantile of the standard normal distribution at u in [0, 1); relative error about 1e-16. u = 0 is taken as 2^-54,
 * half of the smallest step of a 53-bit uniform. Rational approximations of Wichura, "The percentage points of the normal
 * distribution", Applied Statistics 37 (1988), algorithm AS 241.
 */
export function standardNormal(u: number): number {
  const q = u - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const z = 0.180625 - q * q;
    return (q * horner(CENTRAL_NUMERATOR, z)) / horner(CENTRAL_DENOMINATOR, z);
  }
  const p = q < 0 ? u : 1 - u;
  const r = Math.sqrt(-ln(p > 0 ? p : 5.551115123125783e-17));
  const tail =
    r <= 5
      ? horner(MIDDLE_NUMERATOR, r - 1.6) / horner(MIDDLE_DENOMINATOR, r - 1.6)
      : horner(FAR_NUMERATOR, r - 5) / horner(FAR_DENOMINATOR, r - 5);
  return q < 0 ? -tail : tail;
}

function horner(coefficients: Float64Array, x: number): number {
  let sum = 0;
  for (let i = 7; i >= 0; i -= 1) sum = sum * x + coefficients[i]!;
  return sum;
}

const CENTRAL_NUMERATOR = Float64Array.of(
  3.3871328727963665,
  133.14166789178438,
  1971.5909503065513,
  13731.69376550946,
  45921.95393154987,
  67265.7709270087,
  33430.57558358813,
  2509.0809287301227,
);
const CENTRAL_DENOMINATOR = Float64Array.of(
  1,
  42.31333070160091,
  687.1870074920579,
  5394.196021424751,
  21213.794301586597,
  39307.89580009271,
  28729.085735721943,
  5226.495278852854,
);
const MIDDLE_NUMERATOR = Float64Array.of(
  1.4234371107496835,
  4.630337846156546,
  5.769497221460691,
  3.6478483247632045,
  1.2704582524523684,
  0.2417807251774506,
  0.022723844989269184,
  0.0007745450142783414,
);
const MIDDLE_DENOMINATOR = Float64Array.of(
  1,
  2.053191626637759,
  1.6763848301838038,
  0.6897673349851,
  0.14810397642748008,
  0.015198666563616457,
  0.0005475938084995345,
  1.0507500716444169e-9,
);
const FAR_NUMERATOR = Float64Array.of(
  6.657904643501103,
  5.463784911164114,
  1.7848265399172913,
  0.29656057182850487,
  0.026532189526576124,
  0.0012426609473880784,
  2.7115555687434876e-5,
  2.0103343992922881e-7,
);
const FAR_DENOMINATOR = Float64Array.of(
  1,
  0.599832206555888,
  0.1369298809227358,
  0.014875361290850615,
  0.0007868691311456133,
  1.8463183175100548e-5,
  1.421511758316446e-7,
  2.0442631033899397e-15,
);
