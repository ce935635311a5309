import type { MailProvider } from './port.ts';

/**
 * The provider with at most `most` mails handed to it at the same time by this process. Further ones wait in the order in
 * which they came; one that is aborted while it waits leaves the line, and nothing of it has gone out.
 */
export function atOnce(provider: MailProvider, most: number): MailProvider {
  const line = new Set<() => void>();
  let open = 0;

  function leave(): void {
    const [next] = line;
    if (next === undefined) {
      open -= 1;
      return;
    }
    // The place goes on to the next, so that nobody who comes in between takes it.
    line.delete(next);
    next();
  }

  function place(signal: AbortSignal): Promise<void> | undefined {
    if (open < most) {
      open += 1;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        line.delete(enter);
        reject(signal.reason);
      };
      line.add(enter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  return {
    ...provider,
    async send(mail, signal) {
      signal.throwIfAborted();
      const waiting = place(signal);
      if (waiting !== undefined) await waiting;
      try {
        return await provider.send(mail, signal);
      } finally {
        leave();
      }
    },
  };
}
