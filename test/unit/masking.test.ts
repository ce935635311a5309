import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sensitive } from '../../queues/define.ts';
import { queues } from '../../queues/index.ts';
import type { JobView } from '../../src/queue/job-view.ts';
import { maskBySchema, masked } from '../../src/queue/masking/by-schema.ts';
import { createTextMask, maskTexts } from '../../src/queue/masking/in-text.ts';
import { jobMask, maskJob, textMaskOf } from '../../src/queue/masking/job.ts';
import '../support/property-seed.ts';

const shown = (schema: z.ZodType, value: unknown) => maskBySchema(schema, value).shown;

describe('a value by its schema', () => {
  const person = z.strictObject({
    id: z.string(),
    name: sensitive(z.string().trim()).optional(),
    tags: z.array(z.string()).default([]),
    at: z.union([z.iso.date(), z.number()]).nullable(),
  });

  test('shows what is known, and masks what is marked', () => {
    const value = { id: 'u-1', name: 'Ada Lovelace', tags: ['a'], at: null };
    expect(shown(person, value)).toEqual({ id: 'u-1', name: masked, tags: ['a'], at: null });
    expect(shown(person, { id: 'u-1', tags: [], at: 7 })).toEqual({ id: 'u-1', tags: [], at: 7 });
  });

  test('keeps a mark through what is made of the schema', () => {
    const base = sensitive(z.string());
    for (const schema of [
      base.max(9),
      base.optional(),
      base.nullable(),
      base.default('x'),
      base.readonly(),
      base.catch('x'),
      base.transform((text) => text.length),
      base.refine(() => true),
      z.lazy(() => base),
      z.preprocess((text) => text, base),
      z.union([z.number(), base]),
      z.intersection(z.string(), base),
    ]) {
      expect(shown(schema, 'SECRET')).toBe(masked);
    }
    expect(shown(sensitive(z.strictObject({ a: z.string() })), { a: 'SECRET' })).toBe(masked);
    expect(shown(person.extend({ more: z.string() }).shape.name, 'SECRET')).toBe(masked);
  });

  test('masks what it does not know: further fields, wrong values, values of any kind', () => {
    expect(
      shown(person, { id: 7, emial: 'ada@example.com', 'Ada L.': 1, tags: 'SECRET', at: 'SECRET' }),
    ).toEqual({
      id: masked,
      emial: masked,
      [`${masked} 3`]: masked,
      tags: masked,
      at: masked,
    });
    for (const schema of [z.any(), z.unknown(), z.custom(() => true), z.never(), z.promise(z.string())]) {
      expect(shown(schema, 'SECRET')).toBe(masked);
    }
    expect(shown(z.looseObject({ a: z.string() }), { a: 'a', b: 'SECRET' })).toEqual({ a: 'a', b: masked });
    expect(shown(z.object({}).catchall(z.number()), { b: 2, c: 'SECRET' })).toEqual({ b: 2, c: masked });
    expect(shown(person, 'SECRET')).toBe(masked);
    expect(shown(person, ['SECRET'])).toBe(masked);
    expect(shown(z.array(z.string()), { 0: 'SECRET' })).toBe(masked);
    const proto: unknown = JSON.parse('{"id":"a","__proto__":{"polluted":"SECRET"}}');
    expect(JSON.stringify(shown(person, proto))).not.toContain('SECRET');
  });

  test('of a union it shows what each fitting half shows, and of none that fits what all of them show', () => {
    const either = z.union([
      z.strictObject({ kind: z.string(), name: sensitive(z.string()) }),
      z.strictObject({ kind: z.string(), name: z.string() }),
    ]);
    expect(shown(either, { kind: 'k', name: 'SECRET' })).toEqual({ kind: 'k', name: masked });
    const apart = z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('a'), text: z.string() }),
      z.strictObject({ type: z.literal('b'), text: sensitive(z.string()) }),
    ]);
    expect(shown(apart, { type: 'a', text: 'public' })).toEqual({ type: 'a', text: 'public' });
    expect(shown(apart, { type: 'b', text: 'SECRET' })).toEqual({ type: 'b', text: masked });
    expect(shown(apart, { type: 'a', text: 'SECRET', more: 1 })).toEqual({
      type: masked,
      text: masked,
      more: masked,
    });
  });

  test('masks names and values of records alike', () => {
    const counts = z.record(z.string().regex(/^[a-z]+$/), z.number());
    expect(shown(counts, { a: 1, 'Ada L.': 2 })).toEqual({ a: 1, [`${masked} 2`]: masked });
    const byMail = z.record(sensitive(z.email()), z.number());
    expect(JSON.stringify(shown(byMail, { 'ada@example.com': 1 }))).not.toContain('ada');
  });

  test('goes as deep as a payload that nobody has checked', () => {
    let deep: unknown = 'SECRET';
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    const { shown: seen, hidden } = maskBySchema(z.strictObject({ a: z.string() }), { a: deep });
    expect(seen).toEqual({ a: masked });
    expect([...hidden]).toEqual(['SECRET']);
  });

  test('never lets out what is marked, unknown or wrong, whatever the schema', () => {
    fc.assert(
      fc.property(sample(4), ({ schema, value }) => {
        const text = JSON.stringify(shown(schema, value)) ?? '';
        expect(text).not.toContain('SECRET');
        const { hidden } = maskBySchema(schema, value);
        const quoted = createTextMask(hidden)(`It said: ${JSON.stringify(value)}, and stopped.`);
        expect(quoted).not.toContain('SECRET');
      }),
      { numRuns: 1_000 },
    );
  });
});

interface Sample {
  readonly schema: z.ZodType;
  readonly value: unknown;
}

const secret = fc.string({ maxLength: 60 }).map((text) => `${text}SECRET${text}`);
const open = fc.constantFrom('public', 'words', 'a-1');

/** A schema with a value in which every text that must not be seen holds SECRET, and no other does. */
function sample(depth: number): fc.Arbitrary<Sample> {
  const leaves: fc.Arbitrary<Sample>[] = [
    open.map((value) => ({ schema: z.string(), value })),
    fc.integer().map((value) => ({ schema: z.int(), value })),
    secret.map((value) => ({ schema: sensitive(z.string()), value })),
    secret.map((value) => ({ schema: sensitive(z.string()).transform((text) => text), value })),
    secret.map((value) => ({ schema: z.int(), value })),
    secret.map((value) => ({ schema: z.unknown(), value: { deep: [value] } })),
    secret.map((value) => ({ schema: z.enum(['a', 'b']), value })),
  ];
  if (depth === 0) return fc.oneof(...leaves);
  const inner = fc.oneof(...leaves, sample(depth - 1));
  const wrapped = inner.chain(({ schema, value }) =>
    fc.constantFrom<Sample>(
      { schema: schema.optional(), value },
      { schema: schema.nullable(), value: [value, null][1] },
      { schema: schema.readonly(), value },
      { schema: z.lazy(() => schema), value },
      { schema: z.union([z.boolean(), schema]), value },
      { schema: z.union([schema, z.strictObject({ other: z.string() })]), value },
      { schema: z.xor([schema, z.boolean()]), value },
      { schema: sensitive(z.any()), value },
    ),
  );
  const list = fc.tuple(inner, inner).map(([first, second]) => ({
    schema: z.tuple([first.schema, second.schema]),
    value: [first.value, second.value],
  }));
  const object = fc
    .tuple(fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), inner, { maxKeys: 4 }), fc.option(secret))
    .map(([fields, extra]) => ({
      schema: z.strictObject(
        Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema])),
      ),
      value: {
        ...Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value])),
        ...(extra === null ? {} : { further: extra, [`Said ${extra}`]: 1 }),
      },
    }));
  const record = inner.map(({ schema, value }) => ({
    schema: z.record(z.string().regex(/^[a-z]+$/), schema),
    value: { key: value },
  }));
  return fc.oneof(wrapped, list, object, record);
}

describe('a text that quotes', () => {
  test('loses the values as they are, in any case, in JSON, in an address, and cut off', () => {
    const mask = createTextMask(['Ada "Countess" Lovelace', 'ada lovelace & co', 'O', 'x'.repeat(200)]);
    for (const text of [
      'Dear Ada "Countess" Lovelace!',
      'dear ADA "COUNTESS" LOVELACE!',
      `{"name":${JSON.stringify('Ada "Countess" Lovelace')}}`,
      `/search?q=${encodeURIComponent('ada lovelace & co')}`,
    ])
      expect(mask(text)).not.toMatch(/ada|lovelace/i);
    expect(mask(`It said "${'x'.repeat(90)}…".`)).toBe(`It said "${masked}…".`);
    expect(mask('Dear O, Oh!')).toBe(`Dear ${masked}, Oh!`);
  });

  test('loses each line of a value of several, and of two that begin alike either', () => {
    const mask = createTextMask([
      'First line of it\nSecond line of it',
      `${'a'.repeat(30)}-one`,
      `${'a'.repeat(30)}-two`,
    ]);
    expect(mask('> Second line of it')).toBe(`> ${masked}`);
    expect(mask(`${'a'.repeat(30)}-one, ${'a'.repeat(30)}-two`)).toBe(`${masked}, ${masked}`);
  });

  test('loses mail addresses, wherever they come from, and nothing that only looks a little like one', () => {
    const mask = createTextMask([]);
    expect(mask('550 5.1.1 <ada.l+x@mail.example.co.uk>: unknown')).toBe(`550 5.1.1 <${masked}>: unknown`);
    const stack = 'at f (/app/node_modules/undici@7.30.2/lib/a.js:1:2) @scope/name user@localhost';
    expect(mask(stack)).toBe(stack);
  });

  test('finds every text of four characters or more, whatever stands around it', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 4, unit: 'grapheme' }),
        fc.string(),
        fc.string(),
        (value, before, after) => {
          const kept = value.trim();
          fc.pre(kept.length >= 4 && !masked.includes(kept));
          expect(createTextMask([value])(`${before} ${kept} ${after}`)).toContain(masked);
          expect(createTextMask([value])(`| ${kept} |`)).not.toContain(kept);
        },
      ),
    );
  });

  test('says so where there is more to look for than can be looked for', () => {
    const mask = createTextMask(Array.from({ length: 5_000 }, (_, index) => `value-${index}`));
    expect(mask('value-4999')).not.toContain('4999');
  });

  test('is masked within fields, lists and errors, and other values stay', () => {
    const mask = createTextMask(['SECRET']);
    const at = new Date(0);
    const value = { at, n: 1, list: ['SECRET', null], err: new TypeError('a SECRET') };
    expect(maskTexts(value, mask)).toMatchObject({
      at,
      n: 1,
      list: [masked, null],
      err: { type: 'TypeError', message: `a ${masked}` },
    });
  });
});

describe('a job', () => {
  const comment = {
    type: 'proposal-notification',
    data: {
      userId: 'u-1',
      email: 'ada@example.com',
      proposal: { id: 'p-1', title: 'Bridge, for Grace Hopper', status: 'open' },
      event: 'comment',
      actor: 'Grace Hopper',
      comment: 'Call me at home.',
    },
  };
  const view: JobView = {
    id: '7',
    queue: 'email',
    name: 'send-proposal-notification',
    state: 'failed',
    progress: { percent: 5, message: 'writing to ada@example.com' },
    attempts: { made: 1, max: 3 },
    payload: comment,
    correlationId: 'c-1',
    addedBy: 'shop',
    result: { status: 'suppressed', provider: 'smtp', reason: 'ADA@example.com bounced' },
    failure: '[MAIL_REJECTED] 550 <ada@example.com> Grace Hopper',
    createdAt: new Date(0),
    startedAt: undefined,
    finishedAt: undefined,
    logs: ['2026 info to Grace Hopper {"text":"Call me at home."}'],
  };

  test('shows ids, states and titles, and nobody', () => {
    const seen = maskJob(view);
    expect(seen.payload).toEqual({
      type: 'proposal-notification',
      data: {
        userId: 'u-1',
        email: masked,
        proposal: { id: 'p-1', title: `Bridge, for ${masked}`, status: 'open' },
        event: 'comment',
        actor: masked,
        comment: masked,
      },
    });
    expect(seen.result).toEqual({ status: 'suppressed', provider: 'smtp', reason: `${masked} bounced` });
    expect(JSON.stringify(seen)).not.toMatch(/ada@|grace|call me/i);
    expect(seen).toMatchObject({
      id: '7',
      addedBy: 'shop',
      failure: `[MAIL_REJECTED] 550 <${masked}> ${masked}`,
    });
  });

  test('shows nothing of a job or queue that nobody knows', () => {
    for (const [queue, name] of [
      ['email', 'send-poem'],
      ['__proto__', 'x'],
      ['nowhere', 'toString'],
    ] as const)
      expect(
        jobMask({ queue, name, payload: { type: 't', data: 'SECRET' }, result: 'SECRET' }),
      ).toMatchObject({
        payload: masked,
        result: masked,
      });
  });

  test('is masked without the notes that are stored with it', () => {
    const stored = { ...comment, meta: { key: 'k', correlationId: 'corr-1' } };
    const text = textMaskOf(queues.email.jobs['send-proposal-notification'], stored);
    expect(text('corr-1: Grace Hopper of p-1')).toBe(`corr-1: ${masked} of p-1`);
    expect(jobMask({ queue: 'email', name: 'send-proposal-notification', payload: stored }).payload).toEqual(
      maskJob(view).payload,
    );
  });
});

test('every field of a queue that is called as personal data are is marked', () => {
  const personal = /^(e?mail|name|firstName|lastName|phone|address|recipients?|comment|actor|company)$/;
  const found: string[] = [];
  for (const queue of Object.values(queues)) {
    for (const [name, job] of Object.entries(queue.jobs)) {
      walk(z.toJSONSchema(job.payload, { io: 'input', unrepresentable: 'any' }), `${queue.name}/${name}`);
    }
  }
  expect(found).toEqual([]);

  function walk(node: unknown, path: string): void {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      const marked =
        typeof value === 'object' && value !== null && JSON.stringify(value).includes('"sensitive":true');
      if (personal.test(key) && !marked) found.push(`${path}.${key}`);
      walk(value, `${path}.${key}`);
    }
  }
});
