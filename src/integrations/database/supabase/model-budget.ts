import type { ModelBudget } from '../port.ts';
import { readOutcome, readTokenDay } from '../postgres/model-budget.ts';
import { record } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** What language models may use in a day. */
export function createModelBudget(api: Api): ModelBudget {
  const call = async (name: string, args?: Readonly<Record<string, unknown>>) =>
    record({ day: await api.call(name, args) }, 'day');
  const settle = (id: string, model: string | null, input: number, output: number) =>
    api.call('settle_model_tokens', { p_id: id, p_model: model, p_input: input, p_output: output });
  return {
    async reserve({ id, tokens, limit, holdSeconds }) {
      const day = await call('reserve_model_tokens', {
        p_id: id,
        p_tokens: tokens,
        p_limit: limit ?? null,
        p_hold_seconds: holdSeconds,
      });
      return { ...readTokenDay(day), outcome: readOutcome(day) };
    },
    async settle(id, { model, input, output }) {
      await settle(id, model, input, output);
    },
    async release(id) {
      await settle(id, null, 0, 0);
    },
    today: async () => readTokenDay(await call('model_budget_today')),
  };
}
