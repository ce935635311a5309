import { httpUrl, text, type Variable, variable, whole } from './define.ts';

/** SAM.gov. */
export const samGov = {
  SAM_GOV_API_KEY: variable(text.optional(), {
    description: 'SAM.gov; without a key, development syncs from a sandbox',
    secret: true,
  }),
  SAM_GOV_BASE_URL: variable(httpUrl, { default: 'https://api.sam.gov', description: 'Its address' }),
  SAM_GOV_DAILY_LIMIT: variable(whole(1, 1_000_000), {
    default: '1000',
    description: 'Requests a day the key may make; the sync stops before it and goes on the next day',
  }),
} as const satisfies Record<string, Variable>;
