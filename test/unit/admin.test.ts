import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPage } from '../../src/admin/next-page.ts';
import { OneTimeLinks } from '../../src/admin/one-time-links.ts';
import { html } from '../../src/http/html.ts';

describe('one-time links', () => {
  const minute = 60_000;

  it('are good once, for 15 minutes', () => {
    let now = 0;
    const links = new OneTimeLinks(() => now);
    const [first, second, third] = [links.create(), links.create(), links.create()];
    expect(new Set([first, second, third]).size).toBe(3);
    now = 15 * minute - 1;
    expect([links.redeem(first), links.redeem(first)]).toEqual([true, false]);
    now = 15 * minute;
    expect(links.redeem(second)).toBe(false);
    now = 0;
    expect(links.redeem(second)).toBe(false);
    expect(links.redeem(third)).toBe(true);
    expect(links.redeem('made-up')).toBe(false);
  });

  it('do not pile up: the oldest goes', () => {
    const links = new OneTimeLinks();
    const secrets = Array.from({ length: 21 }, () => links.create());
    expect(links.redeem(secrets[0] ?? '')).toBe(false);
    expect(links.redeem(secrets[1] ?? '')).toBe(true);
  });
});

describe('where a sign-in leads', () => {
  it('is always a page of ours', () => {
    const origin = 'http://millrace.example';
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc
        .array(
          fc.constantFrom(
            '/',
            '\\',
            '.',
            '..',
            'admin',
            '//',
            '@',
            ':',
            '\t',
            '\n',
            '%2f',
            'evil.example',
            '?',
            '#',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (wanted) => {
        const url = new URL(nextPage(wanted), origin);
        expect(url.origin).toBe(origin);
        expect(url.pathname).toMatch(/^\/admin(\/|$)/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['/admin/queues/queue/email?status=failed', '/admin/queues/queue/email?status=failed'],
    ['/admin', '/admin'],
    ['/administrator', '/admin'],
    ['/admin/sign-out', '/admin'],
    [undefined, '/admin'],
    [['/admin'], '/admin'],
  ])('%j leads to %s', (wanted, leads) => {
    expect(nextPage(wanted)).toBe(leads);
  });
});

it('text in a page stays text', () => {
  const sharp = fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', ' ') });
  fc.assert(
    fc.property(sharp, (text) => {
      const inner = /^<p title="(.*)">(.*)<\/p>$/.exec(html`<p title="${text}">${text}</p>`.text);
      expect(inner?.[1]).not.toMatch(/[<>"']/);
      expect(inner?.[2]).toBe(inner?.[1]);
      const read = inner?.[1]
        ?.replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&');
      expect(read).toBe(text);
    }),
  );
  expect(html`<b>${html`<i>${'<'}</i>`}</b>`.text).toBe('<b><i>&lt;</i></b>');
});
