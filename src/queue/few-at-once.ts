/** Reads of the store that are under way at once: others need its few connections too, and wait for one but briefly. */
const atOnce = 8;

/** Does for each item what `work` does, a few at a time, and gives what comes of it in order. The first failure ends it. */
export async function fewAtOnce<T, R>(
  items: readonly T[],
  work: (item: T, at: number) => Promise<R>,
): Promise<R[]> {
  const done: R[] = [];
  const left = each(items);
  const lane = async () => {
    for (const [at, item] of left) done[at] = await work(item, at);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  return done;
}

/** One for all lanes: whoever is free takes the next, and a lane that fails ends it for the others. */
function* each<T>(items: readonly T[]) {
  yield* items.entries();
}
