import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  actionForm,
  area,
  choice,
  field,
  filterForm,
  optionsOf,
  tick,
} from '../../src/admin/console/parts/forms.ts';
import { facts, table, tiles } from '../../src/admin/console/parts/table.ts';
import {
  badge,
  block,
  bytes,
  duration,
  id,
  json,
  none,
  number,
  relative,
  text,
  time,
} from '../../src/admin/console/parts/values.ts';
import { address, live, pager, tabs } from '../../src/admin/console/parts/ways.ts';

const now = new Date('2026-11-25T03:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);

describe('values', () => {
  it('shows times in UTC, with how long ago', () => {
    expect(time(ago(125), now).text).toBe(
      '<time datetime="2026-11-25T02:57:55.000Z" title="2026-11-25T02:57:55.000Z"><span>2026-11-25</span> <span>02:57:55 UTC</span></time> <small class="ago">2 minutes ago</small>',
    );
    expect(time(undefined, now).text).toBe(none().text);
    const cases = [0, 1, 59, 60, 3_600, 172_799, 172_800, -7_200];
    expect(cases.map((seconds) => relative(ago(seconds), now))).toEqual([
      'now',
      '1 second ago',
      '59 seconds ago',
      '1 minute ago',
      '1 hour ago',
      '47 hours ago',
      '2 days ago',
      'in 2 hours',
    ]);
  });

  it('shows numbers, bytes and durations as people read them', () => {
    expect([0.0351, 4.23, 90, 600, 12_600, 864_000, undefined].map(duration)).toEqual([
      '35 ms',
      '4.2 s',
      '90 s',
      '10 min',
      '3.5 h',
      '10 d',
      '–',
    ]);
    expect([number(1_234_567), number(0.333), bytes(999), bytes(1_500), bytes(40_000_000)]).toEqual([
      '1,234,567',
      '0.33',
      '999 B',
      '1.5 kB',
      '40 MB',
    ]);
  });

  it('writes what turns text about as escapes, in JSON and in what is cut', () => {
    expect(json({ name: 'a\u202eb\u200b' }, 'Payload').text).toContain('a\\u202eb\\u200b');
    expect(block('x'.repeat(300_000), 'Log').text).toContain('Cut after 200,000 of 300,000 characters.');
  });
});

describe('hostile text', () => {
  it('never leaves the place that it is put into', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (hostile) => {
        const marked = `<"'&>${hostile}`;
        const pages = [
          badge(marked),
          id(marked),
          text(marked),
          json({ [marked]: marked }, marked),
          facts({ [marked]: marked }),
          tiles([{ name: marked, value: marked, hint: marked }]),
          table({ caption: marked, columns: [{ head: marked, cell: () => marked }], rows: [1], empty: '' }),
          table({ caption: '', columns: [], rows: [], empty: marked }),
          field({ name: 'a', label: marked, value: marked, hint: marked }),
          area({ name: 'a', label: marked, value: marked }),
          choice({ name: 'a', label: marked, value: marked, options: optionsOf([marked], marked) }),
          tick({ name: 'a', label: marked }),
          filterForm('/admin', [], marked),
          actionForm('/admin', 'token', { label: marked, name: marked, hidden: { [marked]: marked } }),
          tabs(marked, [{ label: marked, href: marked, current: true }]),
          live('a', 5, text(marked)),
        ];
        for (const { text: page } of pages) expect(page).not.toContain(`<"'`);
      }),
    );
  });
});

describe('ways on', () => {
  it('leaves out what is not asked for', () => {
    expect(address('/admin/x', { a: '1 2', b: '', c: undefined, d: 3 })).toBe('/admin/x?a=1+2&d=3');
    expect(address('/admin/x')).toBe('/admin/x');
  });

  it('offers the next page while there is one, and the first from any other', () => {
    const pages = (cursor: string | undefined, next: string | null) =>
      [...(pager('/p', { q: 'a' }, { cursor, next })?.text.matchAll(/href="([^"]+)"/g) ?? [])].map(
        ([, href]) => href,
      );
    expect(pages(undefined, null)).toEqual([]);
    expect(pages(undefined, '7')).toEqual(['/p?q=a&amp;cursor=7']);
    expect(pages('7', '9')).toEqual(['/p?q=a', '/p?q=a&amp;cursor=9']);
    expect(pages('9', null)).toEqual(['/p?q=a']);
  });
});
