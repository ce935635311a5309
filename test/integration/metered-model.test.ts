import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMeteredModel, mostTokens } from '../../src/integrations/llm/metered.ts';
import { createOpenAi } from '../../src/integrations/llm/openai.ts';
import type { ModelQuestion } from '../../src/integrations/llm/port.ts';
import { type EventMap, Events } from '../../src/observability/events.ts';
import { clearOfMidnight, midnightHookMs } from '../support/day.ts';
import { type FakeOpenAi, type Reply, startFakeOpenAi } from '../support/fake-openai.ts';
import { createWorld, type World } from '../support/world.ts';

const question: ModelQuestion<{ words: number }> = {
  name: 'count',
  instructions: 'Count the words.',
  input: 'one two three',
  answer: z.strictObject({ words: z.number() }),
  maxOutputTokens: 500,
};
const most = mostTokens(question);
const never = new AbortController().signal;
const counted: Reply = { answer: { words: 3 }, tokens: { input: 40, cached: 10, output: 10 } };

describe('a metered model', () => {
  let world: World;
  let fake: FakeOpenAi;
  let used: EventMap['ai.used'][];
  let faults: unknown[];

  beforeEach(async () => {
    [world, fake] = await Promise.all([createWorld(), startFakeOpenAi()]);
    used = [];
    faults = [];
    await clearOfMidnight(world.database.modelBudget);
  }, midnightHookMs);
  afterEach(async () => {
    await fake.close();
    await world.close();
  });

  /** A model as a process of its own would have it. */
  const open = (dailyLimit: number | undefined, { timeoutMs = 60_000 } = {}) => {
    const events = new Events();
    events.on('ai.used', (event) => used.push(event));
    const { apiKey, baseUrl, model } = fake;
    return createMeteredModel(createOpenAi({ apiKey, baseUrl, model, timeoutMs }), {
      budget: world.database.modelBudget,
      dailyLimit,
      prices: { 'gpt-5-mini': { input: 1, cachedInput: 0.5, output: 4 } },
      events,
      onError: (error) => faults.push(error),
    });
  };
  const today = () => world.database.modelBudget.today();

  it('replaces what it reserved by what the call did cost, and prices it', async () => {
    fake.next(async () => expect(await today()).toMatchObject({ used: 0, reserved: most }));
    await open(undefined)
      .ask(question, never)
      .catch(() => undefined);
    expect(await today()).toMatchObject({ used: 470, reserved: 0 });
    fake.next({ ...counted, model: 'gpt-5-mini-2025-08-07' }, { ...counted, model: 'another' });
    const model = open(undefined);
    expect(await model.ask(question, never)).toEqual({
      value: { words: 3 },
      model: 'gpt-5-mini-2025-08-07',
      tokens: { input: 40, output: 10 },
    });
    await model.ask(question, never);
    expect(await today()).toMatchObject({ used: 570, reserved: 0 });
    const tokens = { inputTokens: 40, outputTokens: 10 };
    expect(used.slice(1)).toEqual([
      { model: 'gpt-5-mini-2025-08-07', ...tokens, dollars: { input: 35e-6, output: 40e-6 } },
      { model: 'another', ...tokens, dollars: undefined },
    ]);
    expect(faults).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['a refusal', { refusal: 'no' }],
    ['an answer cut short', { incomplete: 'max_output_tokens', text: '{"wo' }],
    ['an answer that is no JSON', { text: 'three' }],
    ['an answer of another form', { answer: { words: 'three' }, tokens: { input: 350, output: 120 } }],
  ])('counts the tokens of %s', async (_, reply) => {
    fake.next(reply);
    await expect(open(undefined).ask(question, never)).rejects.toMatchObject({ code: 'AI_INVALID_OUTPUT' });
    expect(await today()).toMatchObject({ used: 470, reserved: 0 });
    expect(used).toHaveLength(1);
  });

  it.each<[string, Reply, number, number]>([
    ['gives back all where the provider says no', { http: 500 }, 0, 60_000],
    ['keeps all where the connection broke off', 'reset-body', most, 60_000],
    ['keeps all where no answer came in time', 'hang', most, 300],
  ])('%s', async (_, reply, kept, timeoutMs) => {
    fake.next(reply);
    await expect(open(undefined, { timeoutMs }).ask(question, never)).rejects.toThrow();
    expect(await today()).toMatchObject({ used: 0, reserved: kept });
    expect(used).toEqual([]);
  });

  it('keeps what it reserved for a call that is aborted, and reserves nothing for one that was before', async () => {
    const model = open(undefined);
    await expect(model.ask(question, AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
    expect(await today()).toMatchObject({ used: 0, reserved: 0 });
    fake.next('hang');
    const controller = new AbortController();
    const arrived = fake.arrival();
    const asked = expect(model.ask(question, controller.signal)).rejects.toThrow('shutdown');
    await arrived;
    controller.abort(new Error('shutdown'));
    await asked;
    expect(await today()).toMatchObject({ used: 0, reserved: most });
  });

  it('never uses more than the limit, whatever several processes do at once', async () => {
    const limit = 3 * most + 10;
    const models = [open(limit), open(limit), open(limit)];
    fake.next(
      ...Array.from({ length: 200 }, (): Reply => ({ ...counted, tokens: { input: 90, output: 410 } })),
    );
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        models[at % 3]?.ask(question, never).then(
          () => 'answered',
          (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
        ),
      ),
    );
    const answered = outcomes.filter((outcome) => outcome === 'answered').length;
    expect(new Set(outcomes)).toEqual(new Set(['answered', 'AI_BUDGET_USED_UP']));
    expect(fake.requests).toHaveLength(answered);
    const { used: total, reserved } = await today();
    expect(total).toBe(answered * 500);
    expect(reserved).toBe(0);
    expect(total).toBeLessThanOrEqual(limit);
  });

  it('waits for the next day when the limit is used up, and says so', async () => {
    const model = open(most + 100);
    expect(await model.budget()).toMatchObject({ limit: most + 100, used: 0, usedUp: false });
    fake.next({ ...counted, tokens: { input: 90, output: 30 } });
    await model.ask(question, never);
    expect(await model.budget()).toMatchObject({ used: 120, usedUp: false });
    const { waitMs } = await today();
    const refused = await model.ask(question, never).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'AI_BUDGET_USED_UP',
      message: expect.stringMatching(/is used up: 120 tokens today.*waits for the next day/),
    });
    expect(Reflect.get(Object(refused), 'retryAfterMs')).toBeLessThanOrEqual(waitMs);
    expect(Reflect.get(Object(refused), 'retryAfterMs')).toBeGreaterThan(waitMs - 60_000);
    expect(fake.requests).toHaveLength(1);
    expect(await model.budget()).toMatchObject({ used: 120, usedUp: true });
    // A greater limit is heeded at once.
    expect(await open(10 * most).budget()).toMatchObject({ usedUp: false });
    await open(10 * most)
      .ask(question, never)
      .catch(() => undefined);
    expect(fake.requests).toHaveLength(2);
  });

  it('waits a little while calls under way hold what is left', async () => {
    const model = open(most + 100);
    fake.next(async () => {
      await expect(model.ask(question, never)).rejects.toMatchObject({
        code: 'AI_BUDGET_USED_UP',
        retryAfterMs: 10_000,
        message: expect.stringContaining('reserved by calls under way'),
      });
    });
    await model.ask(question, never).catch(() => undefined);
    expect(fake.requests).toHaveLength(1);
  });

  it('says at once that a limit is too small for any such call', async () => {
    await expect(open(most - 1).ask(question, never)).rejects.toMatchObject({
      code: 'AI_BUDGET_TOO_SMALL',
      retryable: false,
      message: expect.stringContaining(`may need up to ${most.toLocaleString('en')} tokens`),
    });
    expect(fake.requests).toHaveLength(0);
  });

  it('does not lose an answer because its tokens could not be written down', async () => {
    const model = open(undefined);
    fake.next(async () => void (await world.pool.query('drop function settle_model_tokens')), counted);
    await expect(model.ask(question, never)).rejects.toMatchObject({ code: 'AI_INVALID_OUTPUT' });
    expect((await model.ask(question, never)).value).toEqual({ words: 3 });
    expect(faults).toHaveLength(2);
    expect(used).toHaveLength(2);
  });
});

describe('the most that a call can cost', () => {
  it('is a byte a token for all that is sent, and the limit of the answer', () => {
    const longer = { ...question, input: `${question.input} ä€😀` };
    expect(mostTokens(longer) - most).toBe(1 + 2 + 3 + 4);
    expect(mostTokens({ ...question, maxOutputTokens: 600 }) - most).toBe(100);
  });
});
