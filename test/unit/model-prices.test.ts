import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { knownPrices } from '../../config/model-prices.ts';
import { ConfigError } from '../../src/errors/catalogue.ts';
import { costOf } from '../../src/integrations/llm/cost.ts';

const pricesOf = (text: string) => loadConfig({ OPENAI_PRICES: text }).openai.prices;

describe('the prices of models', () => {
  it('know the model that is asked by default, and cost more to write than to read', () => {
    expect(knownPrices[loadConfig({}).openai.model]).toEqual({
      input: 0.25,
      cachedInput: 0.025,
      output: 2,
    });
    for (const [model, { input, cachedInput, output }] of Object.entries(knownPrices)) {
      expect(model).toMatch(/^gpt-/);
      expect(cachedInput, model).toBeGreaterThan(0);
      expect(input, model).toBeGreaterThan(cachedInput);
      expect(output, model).toBeGreaterThan(input);
    }
  });

  it('are those of OPENAI_PRICES over those that are known', () => {
    expect(loadConfig({}).openai.prices).toEqual(knownPrices);
    expect(pricesOf('gpt-5-mini=1/2.5, local/llama:8b=0/0,own=1/0.5/3')).toEqual({
      ...knownPrices,
      'gpt-5-mini': { input: 1, cachedInput: 1, output: 2.5 },
      'local/llama:8b': { input: 0, cachedInput: 0, output: 0 },
      own: { input: 1, cachedInput: 0.5, output: 3 },
    });
  });

  it.each([
    'gpt-5',
    'gpt-5=1',
    'gpt-5=1/2/3/4',
    'gpt-5=a/b',
    '=1/2',
    'gpt-5=-1/2',
    'gpt-5=1/2,,',
    'gpt-5=1e3/2',
  ])('refuse %s and show the form', (text) => {
    expect(() => pricesOf(text)).toThrow(ConfigError);
    expect(() => pricesOf(text)).toThrow('such as gpt-5-mini=0.25/2');
  });

  it('price each direction, cached tokens as such, and versions of a model as the model', () => {
    const prices = { 'gpt-5-mini': { input: 1, cachedInput: 0.1, output: 4 } };
    const usage = { input: 1_000_000, cachedInput: 500_000, output: 2_000_000 };
    expect(costOf(usage, 'gpt-5-mini-2025-08-07', prices)).toEqual({ input: 0.55, output: 8 });
    expect(costOf(usage, 'gpt-5-mini-pro', prices)).toBeUndefined();
    expect(costOf(usage, 'toString', prices)).toBeUndefined();
  });

  it('never cost less for more', () => {
    const count = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(count, count, count, count, (input, output, moreInput, moreOutput) => {
        const price = (i: number, o: number) => {
          const cost = costOf({ input: i, cachedInput: 0, output: o }, 'gpt-5', knownPrices);
          return (cost?.input ?? Number.NaN) + (cost?.output ?? Number.NaN);
        };
        expect(price(input + moreInput, output + moreOutput)).toBeGreaterThanOrEqual(price(input, output));
      }),
    );
  });
});
