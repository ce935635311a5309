import type { ModelBudget } from '../../src/integrations/database/port.ts';

/** A test that counts what a day has used must not begin in one day and end in the next. */
const clearanceMs = 90_000;

/** Resolves at once unless midnight UTC is near, else soon after it. */
export async function clearOfMidnight(budget: ModelBudget): Promise<void> {
  const { waitMs } = await budget.today();
  if (waitMs < clearanceMs) await new Promise((resolve) => setTimeout(resolve, waitMs + 1_000));
}

/** What a hook that calls it needs. */
export const midnightHookMs = clearanceMs + 30_000;
