import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queues } from '../../queues/index.ts';
import { createStoredMask, createValidatedMask, jobMask } from '../../src/queue/masking/index.ts';
import { valid } from '../support/payloads.ts';

const mask = createValidatedMask();
const storedMask = createStoredMask();
const all = Object.entries(queues).flatMap(([queue, { jobs }]) =>
  Object.entries(jobs).map(([name, { payload: schema }]) => ({ queue, name, schema })),
);

describe('the mask of validated payloads', () => {
  it.each(all)('hides in $queue/$name what the mask of jobs hides', ({ queue, name, schema }) => {
    fc.assert(
      fc.property(valid(schema), (value) => {
        const payload: unknown = schema.parse(value);
        expect(mask(queue, name, payload)).toEqual(jobMask({ queue, name, payload }).payload);
      }),
      { numRuns: 30 },
    );
  });

  it('hides what a shown text quotes of a hidden one, however it is written', () => {
    const text = fc.oneof(
      fc.string({ minLength: 1, maxLength: 60 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      fc.constantFrom('Ada Lovelace', 'ada', 'O"Neil', 'two\nlines', '100%', 'a@b.example', '7', '4711'),
    );
    const writing = fc.constantFrom(
      (value: string) => value,
      (value: string) => value.toUpperCase(),
      (value: string) => JSON.stringify(value),
      (value: string) => encodeURIComponent(value.toWellFormed()),
      (value: string) => `for ${value}: `,
      (value: string) => value.slice(0, 30),
      () => 'nothing of it',
    );
    fc.assert(
      fc.property(text, text, writing, (hidden, about, write) => {
        const value = {
          type: 'proposal-notification',
          data: {
            userId: 'user-1',
            email: 'grace@example.com',
            proposal: { id: 'p-1', title: `${about} ${write(hidden)}`, status: about },
            event: 'comment',
            comment: hidden,
          },
        };
        const parsed = queues.email.jobs['send-proposal-notification'].payload.safeParse(value);
        fc.pre(parsed.success);
        const job = { queue: 'email', name: 'send-proposal-notification', payload: parsed.data };
        expect(mask(job.queue, job.name, job.payload)).toEqual(jobMask(job).payload);
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves to the mask of jobs what no schema knows', () => {
    for (const payload of [
      undefined,
      'text',
      { type: 'welcome', data: { userId: 1, extra: 'x' } },
      { type: 'other', data: [] },
    ]) {
      for (const [queue, name] of [
        ['email', 'send-welcome'],
        ['email', 'nothing'],
        ['nowhere', 'nothing'],
      ] as const) {
        expect(mask(queue, name, payload)).toEqual(jobMask({ queue, name, payload }).payload);
      }
    }
  });
});

describe('the mask of stored payloads', () => {
  it.each(all)(
    'hides in $queue/$name what the mask of jobs hides, whatever is stored',
    ({ queue, name, schema }) => {
      const bent = fc
        .tuple(valid(schema), fc.anything(), fc.nat(), fc.boolean())
        .map(([value, other, at, top]) => bend(schema.parse(value), other, at, top));
      fc.assert(
        fc.property(fc.oneof(valid(schema), bent, fc.anything()), (payload) => {
          expect(storedMask(queue, name, payload)).toEqual(jobMask({ queue, name, payload }).payload);
        }),
        { numRuns: 40 },
      );
    },
  );
});

/** A payload with one field that is not as its schema says, or one that no schema knows. */
function bend(payload: unknown, other: unknown, at: number, top: boolean): unknown {
  if (typeof payload !== 'object' || payload === null) return other;
  if (!top && 'data' in payload) return { ...payload, data: bend(payload.data, other, at, true) };
  const names = [...Object.keys(payload), 'furtherField'];
  return { ...payload, [names[at % names.length] ?? 'data']: other };
}
