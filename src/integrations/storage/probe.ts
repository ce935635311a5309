/** Where drivers of remote storages try whether they may write; no file of ours can have such a key. */
export const probeKey = '.millrace/probe';

const writeEveryMs = 5 * 60_000;

export interface ProbeSteps {
  /** Writes a file at `probeKey` and removes it. */
  write(): Promise<void>;
  /** Asks whether the bucket answers; changes nothing. */
  look(): Promise<void>;
}

/**
 * A health check that writes now and then and looks in between: requests are paid for, and a bucket with versions keeps
 * every probe that was ever written.
 */
export function createProbe({ write, look }: ProbeSteps): () => Promise<void> {
  let wroteAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - wroteAt < writeEveryMs) return look();
    await write();
    wroteAt = performance.now();
  };
}
