/** Waiting for facts that nobody announces: another process's files, its death, its first answer. */
import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until there is an answer; undefined when the time is up. */
export async function until<T>(
  probe: () => Promise<T | undefined>,
  limitMs: number,
  stepMs = 10,
): Promise<T | undefined> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined || performance.now() >= deadline) return answer;
    await pause(stepMs);
  }
}
