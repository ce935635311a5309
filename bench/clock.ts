/** Seconds by the wall and of this process's processors. */
export interface Elapsed {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Begins to measure; each call answers what has passed since. */
export function startClock(): () => Elapsed {
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  return () => {
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(cpuBegan);
    return { seconds, cpuSeconds: (user + system) / 1_000_000 };
  };
}
