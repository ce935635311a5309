/**
 * Round whole numbers from 0 to at least `highest`, at most `most` steps: what an axis of counts is marked with.
 * Steps are 1, 2 or 5 times a power of ten.
 */
export function countTicks(highest: number, most = 5): number[] {
  const rough = Math.max(1, highest / most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const steps = Math.max(1, Math.ceil(highest / step));
  return Array.from({ length: steps + 1 }, (_, index) => index * step);
}

/** Which of `count` labels to show so that at most `most` are, evenly, the first among them. */
export function labelStride(count: number, most: number): number {
  return Math.max(1, Math.ceil(count / Math.max(1, most)));
}
