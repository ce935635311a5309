import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOutbox } from '../../src/integrations/mail/outbox.ts';
import type { Mail } from '../../src/integrations/mail/port.ts';
import { sampleMail, sender } from '../contract/mail-provider.ts';
import { readMail } from '../support/mail-message.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-outbox-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const send = (mail: Mail, from = sender) =>
  createOutbox({ dir, from }).send(mail, new AbortController().signal);

/** Text that tries to get out of its header: line breaks of all kinds, folding, encoded words, other headers. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\r\n ',
        '\u2028',
        '\u0085',
        '\0',
        '\t',
        ':',
        '"',
        '\\',
        '<',
        '>',
        ',',
        ';',
      ),
      fc.constantFrom(
        'Bcc: eve@example.com',
        '=?utf-8?Q?=0D=0ABcc:_eve?=',
        '=?utf-8?b?DQpCY2M6?=',
        '\r\n\r\n<b>',
        '@',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const expected = [
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'subject',
  'to',
  'x-category',
];

describe('the file', () => {
  it('is replaced when the same mail is sent again', async () => {
    const first = await send(sampleMail({ subject: 'First' }));
    const second = await send(sampleMail({ subject: 'Second' }));
    expect(second).toEqual(first);
    expect(await readdir(dir)).toEqual([first.messageId]);
    const { headers } = readMail(await readFile(join(dir, first.messageId)));
    expect(headers.get('subject')).toEqual(['Second']);
    expect(headers.get('message-id')).toEqual([`<${first.messageId.replace('.eml', '')}@example.com>`]);
  });

  it('leaves nothing beside it when it cannot be written', async () => {
    const taken = join(dir, 'taken');
    await writeFile(taken, 'a file where the folder should be');
    const sent = createOutbox({ dir: taken, from: sender }).send(sampleMail(), new AbortController().signal);
    await expect(sent).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE', retryable: true });
    expect(await readdir(dir)).toEqual(['taken']);
  });

  it('is never seen half written while many attempts race', async () => {
    const mails = Array.from({ length: 20 }, (_, at) => sampleMail({ html: String(at % 10).repeat(50_000) }));
    await Promise.all(mails.map((mail) => send(mail)));
    const names = await readdir(dir);
    expect(names).toHaveLength(1);
    const html = readMail(await readFile(join(dir, names[0] ?? ''))).parts.get('text/html');
    expect(html).toMatch(/^(\d)\1{49999}$/);
  });

  it('has a name that stays in its folder whatever the key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (jobKey) => {
        const { messageId } = await send(sampleMail({ jobKey }));
        expect(messageId).toMatch(/^[A-Za-z0-9][A-Za-z0-9-]{0,101}\.eml$/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a header', () => {
  it('cannot be injected by a subject, a name or a body', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (subject, toName, body) => {
        const { messageId } = await send(sampleMail({ subject, toName, text: `-${body}`, html: `-${body}` }));
        const mail = readMail(await readFile(join(dir, messageId)));
        expect([...mail.headers.keys()].sort()).toEqual(expected);
        for (const values of mail.headers.values()) {
          expect(values).toHaveLength(1);
          expect(values[0]).not.toMatch(/[\r\n\0\u2028]/);
        }
        expect(mail.rawHeaders.get('from')).toEqual([sender]);
        // The mailbox is what stands last; before it only a quoted or encoded name may stand.
        expect(mail.rawHeaders.get('to')?.[0]).toMatch(
          /^(?:(?:"(?:[^"\\]|\\.)*"|[^"<>@,;:]*|(?:=\?utf-8\?[bq]\?[^?]*\?=\s*)+)\s)?<?ada@example\.org>?$/i,
        );
        expect([...mail.parts.keys()]).toEqual(['text/plain', 'text/html']);
      }),
      { numRuns: 400 },
    );
  });

  it('cannot be injected by an address: it is refused or stands there alone', async () => {
    const addresses = fc.oneof(
      hostile,
      hostile.map((text) => `ada${text}@example.org`),
      fc.emailAddress(),
    );
    let written = 0;
    await fc.assert(
      fc.asyncProperty(addresses, async (to) => {
        const sent = await send({ ...sampleMail(), to, toName: '' }).catch((error: unknown) => error);
        if (sent instanceof Error) {
          expect(sent).toMatchObject({ code: 'MAIL_REJECTED' });
          expect(sent.message).not.toContain('eve@example.com');
          return;
        }
        written += 1;
        const names = await readdir(dir);
        const mail = readMail(await readFile(join(dir, names[0] ?? '')));
        expect([...mail.headers.keys()].sort()).toEqual(expected);
        expect(mail.headers.get('to')?.[0]?.toLowerCase()).toBe(to.toLowerCase());
        await rm(join(dir, names[0] ?? ''));
      }),
      { numRuns: 400 },
    );
    expect(written).toBeGreaterThan(20);
  });

  it('cannot be injected by the sender', () => {
    const from = `${sender}\r\nBcc: eve@example.com`;
    expect(() => createOutbox({ dir, from })).toThrow(/No mail can go to this address/);
  });
});
