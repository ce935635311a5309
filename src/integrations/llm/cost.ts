import type { ModelUsage } from './provider.ts';

/** Dollars for a million tokens. */
export interface ModelPrice {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** By model. */
export type ModelPrices = Readonly<Record<string, ModelPrice>>;

/** What a call costs by direction, in dollars; `undefined` where the model has no price. */
export function costOf(
  { input, cachedInput, output }: ModelUsage,
  model: string,
  prices: ModelPrices,
): { readonly input: number; readonly output: number } | undefined {
  const price = priceOf(model, prices);
  if (price === undefined) return undefined;
  return {
    input: ((input - cachedInput) * price.input + cachedInput * price.cachedInput) / 1e6,
    output: (output * price.output) / 1e6,
  };
}

/** Providers answer with the version that they used, such as `gpt-5-mini-2025-08-07`, which costs what its model costs. */
function priceOf(model: string, prices: ModelPrices): ModelPrice | undefined {
  for (const name of [model, model.replace(/-\d{4}-\d{2}-\d{2}$/, '')]) {
    if (Object.hasOwn(prices, name)) return prices[name];
  }
  return undefined;
}
