import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mailPreviews } from '../../processors/email/previews.ts';
import { compiled } from '../../processors/email/templates/compiled.ts';
import { closingTime, formatDeadline } from '../../processors/email/templates/deadlines.ts';
import { escapeHtml, webLink } from '../../processors/email/templates/html.ts';
import type { RenderedMail } from '../../processors/email/templates/layout.ts';
import { renderReminder } from '../../processors/email/templates/reminder.ts';
import { parseTemplate } from '../../processors/email/templates/template.ts';
import { displayable, shorten } from '../../processors/email/templates/text.ts';
import { renderWelcome } from '../../processors/email/templates/welcome.ts';
import { type OpenTag, readTags } from '../support/mail-html.ts';

const appUrl = 'https://app.example.com';

function opportunity(
  change: Partial<Record<'noticeId' | 'title' | 'agency' | 'deadline' | 'url', string>> = {},
) {
  return {
    noticeId: 'n-1',
    title: 'Surgical gloves',
    agency: 'Department of Veterans Affairs',
    deadline: '2026-12-04T14:00:00-05:00',
    url: 'https://sam.gov/workspace/contract/opp/n-1/view',
    ...change,
  };
}

/** Text that tries to become markup, an attribute, a script or a hidden line. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<script>',
        '</title>',
        '<!--',
        '-->',
        ']]>',
        '"',
        "'",
        '`',
        '&',
        '<',
        '>',
        '=',
        ' ',
        '\n',
        '\0',
      ),
      fc.constantFrom(
        '" onerror="x',
        "' onclick='x",
        '<img src=x>',
        '&lt;b&gt;',
        '&#60;',
        '\u202e',
        '\u2028',
        '{{',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const hostileUrl = fc.oneof(
  fc.constantFrom(
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'data:text/html,<b>',
    ' javascript:x',
    'java\nscript:x',
  ),
  fc.constantFrom(
    'https://user:secret@sam.gov',
    'file:///etc/passwd',
    '//evil.example',
    'https://a.example/" x="',
  ),
  hostile.map((text) => `https://sam.gov/${text}`),
  hostile,
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
);

/** The tags and attributes without what differs from data to data. */
function shapeOf(mail: RenderedMail): string[] {
  return readTags(mail.html).map(({ name, attributes }) => `${name} ${[...attributes.keys()].join(' ')}`);
}

function linksOf(mail: RenderedMail): string[] {
  return readTags(mail.html).flatMap(({ attributes }: OpenTag) => attributes.get('href') ?? []);
}

describe('a reminder', () => {
  const three = {
    appUrl,
    opportunities: [
      opportunity({ noticeId: 'c', title: 'Third', deadline: '2026-12-05T00:30:00+02:00' }),
      opportunity({ noticeId: 'a', title: 'First', deadline: '2026-12-04T23:30:00+02:00' }),
      opportunity({ noticeId: 'd', title: 'Last', deadline: '2026-12-04' }),
      opportunity({ noticeId: 'b', title: 'Second', deadline: '2026-12-04T14:00:00-08:00' }),
    ],
  };

  it('lists the soonest first in both parts, whatever the zones', () => {
    const mail = renderReminder(three);
    const inOrder = /First[\s\S]*Second[\s\S]*Third[\s\S]*Last/;
    expect(mail.text).toMatch(inOrder);
    expect(mail.html.slice(mail.html.indexOf('</h1>'))).toMatch(inOrder);
    expect(mail.subject).toBe('4 opportunities close soon, the first on Friday, 4 December 2026');
  });

  it('has a text part that can be read alone', () => {
    const mail = renderReminder({ appUrl, opportunities: [opportunity()] });
    expect(mail.subject).toBe('Closes Friday, 4 December 2026: Surgical gloves');
    expect(mail.text).toBe(
      [
        'Closing soon',
        'You saved this opportunity.',
        '1. Surgical gloves\n   Department of Veterans Affairs\n   Closes Friday, 4 December 2026, 19:00 UTC\n   https://sam.gov/workspace/contract/opp/n-1/view',
        'Open my opportunities: https://app.example.com/',
        '-- \nYou get this mail because you saved these opportunities and asked to be reminded. Times are in UTC.\napp.example.com\n',
      ].join('\n\n'),
    );
  });

  it('is the same in whatever order the opportunities come', () => {
    const opportunities = ['x', 'y', 'z'].map((noticeId) =>
      opportunity({ noticeId, url: `https://sam.gov/${noticeId}` }),
    );
    expect(renderReminder({ appUrl, opportunities: opportunities.toReversed() })).toEqual(
      renderReminder({ appUrl, opportunities }),
    );
    expect(renderReminder({ ...three, opportunities: three.opportunities.toReversed() })).toEqual(
      renderReminder(three),
    );
  });

  it('keeps its shape under hostile text: no tag, no attribute, no other link', () => {
    const ordinary = renderReminder({ appUrl, opportunities: [opportunity()] });
    const plain = shapeOf(ordinary);
    const lines = ordinary.text.split('\n').length;
    fc.assert(
      fc.property(hostile, hostile, (title, agency) => {
        const mail = renderReminder({ appUrl, opportunities: [opportunity({ title, agency })] });
        expect(shapeOf(mail)).toEqual(plain);
        expect(mail.html).not.toMatch(/[\0\u2028\u202e]/);
        expect(mail.subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
        expect(mail.text.split('\n')).toHaveLength(lines);
      }),
      { numRuns: 500 },
    );
  });

  it('links to http and https alone', () => {
    let linked = 0;
    fc.assert(
      fc.property(hostileUrl, (url) => {
        const mail = renderReminder({ appUrl, opportunities: [opportunity({ url })] });
        const links = linksOf(mail);
        expect(links.at(-1)).toBe(`${appUrl}/`);
        for (const link of links) expect(link).toMatch(/^https?:\/\/[^\s"<>]+$/);
        linked += links.length - 1;
      }),
      { numRuns: 500 },
    );
    expect(linked).toBeGreaterThan(50);
  });

  it('stays small enough that Gmail does not clip an ordinary one (102 KB)', () => {
    const opportunities = Array.from({ length: 100 }, (_, at) =>
      opportunity({
        noticeId: `n-${at}`,
        title: 'A title of a usual length for a notice of this kind, with a lot number',
      }),
    );
    expect(Buffer.byteLength(renderReminder({ appUrl, opportunities }).html)).toBeLessThan(102 * 1024);
  });
});

describe('a welcome', () => {
  it('greets by name and links to the app', () => {
    const mail = renderWelcome({ name: 'Ada Lovelace', company: 'Engines & Co', appUrl });
    expect(mail.subject).toBe('Welcome, Ada Lovelace');
    expect(linksOf(mail)).toEqual([`${appUrl}/`]);
    expect(mail.html).toContain('Engines &amp; Co is set as your company.');
    expect(mail.text).toContain('Engines & Co is set as your company.');
    expect(mail.text).toContain(`Open the app: ${appUrl}/`);
  });

  it('keeps its shape under hostile names', () => {
    const plain = shapeOf(renderWelcome({ name: 'Ada', company: 'Engines', appUrl }));
    fc.assert(
      fc.property(hostile, hostile, (name, company) => {
        const mail = renderWelcome({ name, company, appUrl });
        expect(shapeOf(mail)).toEqual(plain);
        expect(mail.subject).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
      }),
      { numRuns: 500 },
    );
  });

  it('speaks of no company when there is none', () => {
    expect(renderWelcome({ name: 'Ada', company: undefined, appUrl }).html).not.toContain('company');
  });
});

describe('every mail', () => {
  it.each(mailPreviews(appUrl).map((preview) => [preview.name, preview.render()] as const))(
    'is readable on a phone and without scripts or images: %s',
    (name, mail) => {
      const tags = readTags(mail.html);
      expect(mail.html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
      expect(mail.html).toContain('max-width:600px');
      expect(tags[0]?.attributes.get('lang')).toBe('en');
      for (const { name } of tags) {
        expect(['img', 'script', 'form', 'iframe', 'link']).not.toContain(name);
      }
      for (const { attributes } of tags.filter((tag) => tag.name === 'table'))
        expect(attributes.get('role')).toBe('presentation');
      expect(mail.html).not.toContain('{{');
      expect(mail.text).not.toMatch(/undefined|\{\{|<[a-z]/);
      // All but the welcome can be ended, from both parts.
      const link = `${appUrl}/unsubscribe/sample`;
      expect(linksOf(mail).includes(link)).toBe(name !== 'welcome');
      expect(mail.text.includes(link)).toBe(name !== 'welcome');
    },
  );
});

describe('deadlines', () => {
  it.each([
    ['2026-12-04', 'Friday, 4 December 2026'],
    ['2026-12-04T14:05:00Z', 'Friday, 4 December 2026, 14:05 UTC'],
    ['2026-12-31T20:00:00-05:00', 'Friday, 1 January 2027, 01:00 UTC'],
    ['2024-02-29T23:59:59.999+00:00', 'Thursday, 29 February 2024, 23:59 UTC'],
    ['2026-03-01T00:30+09:00', 'Saturday, 28 February 2026, 15:30 UTC'],
  ])('%s reads %s', (deadline, expected) => {
    expect(formatDeadline(deadline)).toBe(expected);
  });

  it('agree with the platform’s calendar on every day', () => {
    const days = fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    const calendar = new Intl.DateTimeFormat('en-US', {
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      timeZone: 'UTC',
    });
    fc.assert(
      fc.property(days, (day) => {
        const part = new Map(calendar.formatToParts(day).map(({ type, value }) => [type, value]));
        const expected = `${part.get('weekday')}, ${part.get('day')} ${part.get('month')} ${part.get('year')}`;
        expect(formatDeadline(day.toISOString().slice(0, 10))).toBe(expected);
      }),
    );
  });

  it('that are days last until their end', () => {
    expect(closingTime('2026-12-04')).toBeGreaterThan(closingTime('2026-12-04T23:59:00Z'));
    expect(closingTime('2026-12-04')).toBeLessThan(closingTime('2026-12-05T00:00:00Z'));
  });
});

describe('text and markup', () => {
  it('is escaped so that it reads back as it was', () => {
    const entities: Record<string, string> = {
      amp: '&',
      lt: '<',
      gt: '>',
      quot: '"',
      '#39': "'",
      '#96': '`',
    };
    fc.assert(
      fc.property(hostile, (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"'`]|&(?!(amp|lt|gt|quot|#39|#96);)/);
        expect(escaped.replace(/&([a-z0-9#]+);/g, (_, name: string) => entities[name] ?? '')).toBe(
          displayable(text),
        );
      }),
    );
  });

  it('fills values escaped, repeats lists, and leaves out what is absent', () => {
    const template = parseTemplate(
      '<p>{{#items}}<b>{{name}}{{mark}}</b>{{/items}}{{#x}}x{{/x}}{{^x}}none{{/x}}</p>',
    );
    expect(template.fill({ items: [{ name: '<i>' }, { name: '{{mark}}' }], mark: '!', x: undefined })).toBe(
      '<p><b>&lt;i&gt;!</b><b>{{mark}}!</b>none</p>',
    );
    expect(template.fill({ items: [], x: 'yes' })).toBe('<p>x</p>');
    expect(() => template.fill({ items: [{}], mark: '!' })).toThrow('name');
  });

  it.each(['{{#a}}', '{{/a}}', '{{#a}}{{#b}}{{/a}}{{/b}}'])(
    'refuses the template %s when it is parsed',
    (source) => {
      expect(() => parseTemplate(source)).toThrow(/close/);
    },
  );

  it('never stands within a comment of a template, and none fetches anything', () => {
    for (const source of Object.values(compiled)) {
      for (const [comment] of source.matchAll(/<!--[\s\S]*?-->/g)) expect(comment).not.toContain('{{');
      expect(source).not.toMatch(/url\(|<link|<img|@import/);
    }
  });

  it('is shortened by what people see as characters', () => {
    expect(shorten('short', 10)).toBe('short');
    expect(shorten('ten letters', 6)).toBe('ten l…');
    expect(shorten('👩‍👩‍👧‍👦'.repeat(3), 3)).toBe('👩‍👩‍👧‍👦'.repeat(3));
    expect(shorten('👩‍👩‍👧‍👦'.repeat(4), 3)).toBe(`${'👩‍👩‍👧‍👦'.repeat(2)}…`);
  });

  it.each([
    ['https://sam.gov/a b', 'https://sam.gov/a%20b'],
    ['HTTP://SAM.gov', 'http://sam.gov/'],
    ['javascript:alert(1)', undefined],
    ['https://sam.gov@evil.example/', undefined],
    ['not a link', undefined],
  ])('link %s becomes %s', (given, expected) => {
    expect(webLink(given)).toBe(expected);
  });
});
