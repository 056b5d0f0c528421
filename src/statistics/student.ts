/** Terms of the series below this share of their sum change no bit of it. */
const NEGLIGIBLE = 1e-18;

/**
 * Quantile of Student's t distribution: the value that a draw stays below with the given probability.
 *
 * Uses + − × ÷ and square roots alone, so that intervals have the same bits on every platform. Error below 1e-12 of the value.
 * @param probability strictly between 0 and 1
 * @param freedom degrees of freedom: a whole number ≥ 1
 * @throws RangeError
 * @source the finite series of the distribution for whole degrees of freedom, Abramowitz and Stegun 26.7.3 and 26.7.4
 */
export function studentQuantile(probability: number, freedom: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`probability ${probability} is not within (0, 1)`);
  if (!(freedom >= 1 && Number.isInteger(freedom))) throw new RangeError(`${freedom} degrees of freedom`);
  if (probability === 0.5) return 0;
  if (probability < 0.5) return -studentQuantile(1 - probability, freedom);
  const within = 2 * probability - 1;
  let high = 1;
  while (shareWithin(high, freedom) < within) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (shareWithin(middle, freedom) < within) low = middle;
    else high = middle;
  }
  return high;
}

/** Probability that a draw lies between −t and t. Cost: at most `freedom` / 2 steps. */
function shareWithin(t: number, freedom: number): number {
  const tangent = t / Math.sqrt(freedom);
  const hypotenuse = Math.sqrt(1 + tangent * tangent);
  const sine = tangent / hypotenuse;
  const cosine = 1 / hypotenuse;
  const square = cosine * cosine;
  const isOdd = freedom % 2 === 1;
  if (freedom === 1) return (2 / Math.PI) * arcTangent(tangent);
  let term = isOdd ? cosine : 1;
  let sum = term;
  for (let k = isOdd ? 2 : 1; k <= freedom - 3 && term > NEGLIGIBLE * sum; k += 2) {
    term *= (k / (k + 1)) * square;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (arcTangent(tangent) + sine * sum) : sine * sum;
}

/** For x ≥ 0. Halves the angle until the series is short. */
function arcTangent(x: number): number {
  let reduced = x;
  let factor = 1;
  while (reduced > 0.1) {
    reduced /= 1 + Math.sqrt(1 + reduced * reduced);
    factor *= 2;
  }
  const square = reduced * reduced;
  let power = reduced;
  let sum = reduced;
  for (let k = 3; k < 27; k += 2) {
    power *= -square;
    sum += power / k;
  }
  return factor * sum;
}
