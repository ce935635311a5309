import { modelPrices } from '../model-prices.ts';
import { httpUrl, text, type Variable, variable, whole } from './define.ts';

/** The model that scores stories. */
export const openai = {
  OPENAI_API_KEY: variable(text.optional(), {
    description: 'Without a key AI steps are skipped and say so',
    secret: true,
  }),
  OPENAI_BASE_URL: variable(httpUrl, { default: 'https://api.openai.com/v1', description: 'Its address' }),
  OPENAI_MODEL: variable(text, { default: 'gpt-5-mini', description: 'Model for story scoring' }),
  OPENAI_DAILY_TOKEN_LIMIT: variable(whole(1, 1_000_000_000_000).optional(), {
    derived: 'none',
    description:
      'Tokens a day (UTC) that all processes together may use; jobs then wait for the next day, at no cost of an attempt',
  }),
  OPENAI_PRICES: variable(modelPrices.optional(), {
    derived: 'the table in `config/model-prices.ts`',
    description:
      'Over that table, for `worker_ai_cost_dollars_total`: `model=input/output,...` in dollars for a million tokens, or `model=input/cached/output`',
  }),
} as const satisfies Record<string, Variable>;
