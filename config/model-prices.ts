import { z } from 'zod';

/**
 * Dollars for a million tokens, by model: https://openai.com/api/pricing in June 2026, standard tier, prompts of up to
 * 270,000 tokens. `OPENAI_PRICES` overrides it and adds to it.
 */
const known = `
  gpt-5.5       5     0.5    30
  gpt-5.4       2.5   0.25   15
  gpt-5.4-mini  0.75  0.075  4.5
  gpt-5.4-nano  0.2   0.02   1.25
  gpt-5.2       1.75  0.175  14
  gpt-5.1       1.25  0.125  10
  gpt-5         1.25  0.125  10
  gpt-5-mini    0.25  0.025  2
  gpt-5-nano    0.05  0.005  0.4
  gpt-4.1       2     0.5    8
  gpt-4.1-mini  0.4   0.1    1.6
  gpt-4.1-nano  0.1   0.025  0.4
  gpt-4o        2.5   1.25   10
  gpt-4o-mini   0.15  0.075  0.6
`;

export interface ModelPrice {
  readonly input: number;
  /** Of what the provider had read before. */
  readonly cachedInput: number;
  readonly output: number;
}

export const knownPrices: Readonly<Record<string, ModelPrice>> = Object.fromEntries(
  known
    .trim()
    .split('\n')
    .map((line) => {
      const [model = '', ...price] = line.trim().split(/\s+/);
      const [input = 0, cachedInput = 0, output = 0] = price.map(Number);
      return [model, { input, cachedInput, output }];
    }),
);

const dollars = String.raw`(\d{1,6}(?:\.\d{1,6})?)`;
const entry = new RegExp(`^([A-Za-z0-9][A-Za-z0-9._:/-]{0,199})=${dollars}/(?:${dollars}/)?${dollars}$`);

/** `model=input/output` or `model=input/cached/output`, separated by commas; the known prices with these over them. */
export const modelPrices = z.string().transform((value, context) => {
  const prices: Record<string, ModelPrice> = { ...knownPrices };
  for (const part of value.split(',').map((text) => text.trim())) {
    const match = entry.exec(part);
    if (match === null) {
      const message = `must be a list such as gpt-5-mini=0.25/2 (dollars for a million tokens read and written), or gpt-5-mini=0.25/0.025/2 with cached ones; "${part}" is none`;
      context.addIssue({ code: 'custom', message });
      continue;
    }
    const [, model = '', input = '', cached, output = ''] = match;
    prices[model] = { input: Number(input), cachedInput: Number(cached ?? input), output: Number(output) };
  }
  return prices;
});
