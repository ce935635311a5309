import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/observability/redaction.ts';

/** A secret as keys and passwords are made; what the mask itself is made of would be found in the mask. */
const secret = fc
  .string({ unit: 'binary-ascii', minLength: 6, maxLength: 40 })
  .filter((text) => text.trim() === text && !'[redacted]'.includes(text) && /[0-9A-Z]/.test(text));
const text = fc.string({ unit: 'grapheme', maxLength: 200 });

describe('redaction', () => {
  test('lets no secret survive, wherever and however often it stands', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        fc.array(text, { maxLength: 6 }),
        (secrets, texts) => {
          const redact = createRedactor(secrets);
          const whole = [...texts, ...secrets]
            .map((part, index) => `${part} ${secrets[index % secrets.length]}`)
            .join('|');
          const clean = redact(whole);
          for (const each of secrets) expect(clean.includes(each)).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('finds a secret in an address and inside JSON too', () => {
    fc.assert(
      fc.property(secret, (value) => {
        const redact = createRedactor([value]);
        expect(redact(`https://example.com/?k=${encodeURIComponent(value)}`)).not.toContain(
          encodeURIComponent(value),
        );
        const inside = JSON.stringify({ note: `key ${value}.` });
        expect(redact(inside)).not.toContain(JSON.stringify(value).slice(1, -1));
      }),
    );
  });

  test('takes the longer of two secrets first, so that no rest of it is left', () => {
    expect(createRedactor(['secret-1', 'secret-1-and-more'])('secret-1-and-more')).toBe('[redacted]');
  });

  test('leaves text without secrets as it is', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z ]{0,200}$/),
        (plain) => createRedactor(['Secret-77'])(plain) === plain,
      ),
    );
    expect(createRedactor(['short'])('a short word')).toBe('a short word');
  });

  test.each([
    ['Authorization: Bearer abcdefgh12345678', 'Authorization: Bearer [redacted]'],
    ['Basic dXNlcjpwYXNz', 'Basic [redacted]'],
    ['key SG.abcdefghij.klmnopqrst is wrong', 'key [redacted] is wrong'],
    ['sk-proj-abcdefghijk', '[redacted]'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.sig_nature', 'token [redacted]'],
    ['GET /search?limit=10&api_key=DEMO-123&offset=0', 'GET /search?limit=10&api_key=[redacted]&offset=0'],
    ['postgres://app:hunter2@db:5432/x', 'postgres://app:[redacted]@db:5432/x'],
    ['redis://:hunter2@cache:6379', 'redis://:[redacted]@cache:6379'],
    ['postgres://app:hun@ter2@db/x', 'postgres://app:[redacted]@db/x'],
    ['http://127.0.0.1:8500/health', 'http://127.0.0.1:8500/health'],
  ])('knows credentials by their look: %s', (before, after) => {
    expect(createRedactor()(before)).toBe(after);
  });

  test('stays quick on a long text that only looks like addresses', () => {
    const redact = createRedactor();
    const long = 'a-'.repeat(100_000);
    expect(redact(long)).toBe(long);
  });
});
