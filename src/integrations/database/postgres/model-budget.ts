import type { ModelBudget, TokenDay } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, numberOrNone, record, text, time } from './rows.ts';

/** What language models may use in a day. */
export function createModelBudget(connection: Connection): ModelBudget {
  const settle = (id: string, model: string | null, input: number, output: number) =>
    connection.query('select settle_model_tokens($1, $2, $3, $4)', [id, model, input, output]);
  return {
    async reserve({ id, tokens, limit, holdSeconds }) {
      const [row] = await connection.query('select reserve_model_tokens($1, $2, $3, $4) as day', [
        id,
        tokens,
        limit ?? null,
        holdSeconds,
      ]);
      const day = record(row ?? {}, 'day');
      return { ...readTokenDay(day), outcome: readOutcome(day) };
    },
    async settle(id, { model, input, output }) {
      await settle(id, model, input, output);
    },
    async release(id) {
      await settle(id, null, 0, 0);
    },
    async today() {
      const [row] = await connection.query('select model_budget_today() as day', []);
      return readTokenDay(record(row ?? {}, 'day'));
    },
  };
}

export function readTokenDay(day: Row): TokenDay {
  return {
    used: number(day, 'used'),
    reserved: number(day, 'reserved'),
    smallestRefused: numberOrNone(day, 'smallest_refused'),
    resetsAt: time(day, 'resets_at'),
    waitMs: number(day, 'wait_ms'),
  };
}

export function readOutcome(day: Row): 'granted' | 'busy' | 'used-up' {
  const outcome = text(day, 'outcome');
  if (outcome === 'granted' || outcome === 'busy' || outcome === 'used-up') return outcome;
  throw new Error(`reserve_model_tokens answered ${outcome}.`);
}
