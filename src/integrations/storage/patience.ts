/** A signal that goes off when the other side has been silent for too long while it was waited for. */
export interface Patience {
  readonly signal: AbortSignal;
  /** The other side has to do something from now on. */
  begin(): void;
  /** Nothing is waited for any more. */
  end(): void;
}

export function createPatience(ms: number): Patience {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: late.signal,
    begin() {
      clearTimeout(timer);
      timer = setTimeout(() => late.abort(new Error(`No sign of life for ${ms} ms.`)), ms);
    },
    end: () => clearTimeout(timer),
  };
}
