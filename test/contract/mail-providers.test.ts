import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { createOutbox } from '../../src/integrations/mail/outbox.ts';
import { createSendGrid } from '../../src/integrations/mail/sendgrid.ts';
import { createSmtp } from '../../src/integrations/mail/smtp.ts';
import { type AcceptedMail, startFakeSendGrid } from '../support/fake-sendgrid.ts';
import { isRecord } from '../support/fake-sendgrid-rules.ts';
import { readMail } from '../support/mail-message.ts';
import { startSmtpPeer } from '../support/smtp-peer.ts';
import { type ArrivedMail, mailProviderContract, sender } from './mail-provider.ts';

mailProviderContract('sendgrid', async () => {
  const apiKey = 'SG.contract';
  const server = await startFakeSendGrid({ apiKey });
  return {
    provider: createSendGrid({ apiKey, baseUrl: server.baseUrl, from: sender, timeoutMs: 5_000 }),
    arrived: async () => server.accepted.map(fromSendGrid),
    close: () => server.close(),
  };
});

mailProviderContract('outbox', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-outbox-'));
  return {
    provider: createOutbox({ dir: join(dir, 'outbox'), from: sender }),
    arrived: async () => {
      const names = await readdir(join(dir, 'outbox')).catch(() => []);
      return Promise.all(
        names.map(async (name) => fromFile(name, await readFile(join(dir, 'outbox', name)))),
      );
    },
    close: () => rm(dir, { recursive: true }),
  };
});

mailProviderContract('smtp', async () => {
  const server = await startSmtpPeer();
  const provider = createSmtp({ url: server.url, from: sender, timeoutMs: 5_000 });
  return {
    provider,
    arrived: () =>
      Promise.all(
        server.mails.map((source) => {
          const [, name = ''] =
            /^<(.*)@example\.com>$/.exec(readMail(source).headers.get('message-id')?.[0] ?? '') ?? [];
          return fromFile(name, source);
        }),
      ),
    async close() {
      provider.close?.();
      await server.close();
    },
  };
});

function fromSendGrid({ messageId, body }: AcceptedMail): ArrivedMail {
  const [personalization] = list(body.personalizations);
  const [to] = list(field(personalization, 'to'));
  const content = new Map(list(body.content).map((part) => [field(part, 'type'), field(part, 'value')]));
  const name = field(to, 'name');
  return {
    messageId,
    from: String(field(body.from, 'email')),
    to: String(field(to, 'email')),
    toName: typeof name === 'string' ? name : undefined,
    subject: String(body.subject),
    text: String(content.get('text/plain')),
    html: String(content.get('text/html')),
    category: String(list(body.categories)[0]),
    ...attached(
      list(body.attachments).map((file) => ({
        fileName: String(field(file, 'filename')),
        contentType: String(field(file, 'type')),
        content: String(field(file, 'content')),
      })),
    ),
    headers: Object.fromEntries(
      Object.entries(isRecord(body.headers) ? body.headers : {}).map(([key, value]) => [
        key.toLowerCase(),
        String(value),
      ]),
    ),
  };
}

async function fromFile(name: string, source: Buffer): Promise<ArrivedMail> {
  const { headers, parts } = readMail(source);
  const one = (key: string) => {
    const values = headers.get(key) ?? [];
    if (values.length > 1) throw new Error(`The mail has ${values.length} headers ${key}.`);
    return values[0];
  };
  const to = /^(?:(.*) )?<?([^<>\s]+@[^<>\s]+?)>?$/.exec(one('to') ?? '');
  const chosen = ['list-unsubscribe', 'list-unsubscribe-post'].flatMap((key) => {
    const value = one(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const { attachments } = await PostalMime.parse(source);
  return {
    messageId: name,
    from: one('from') ?? '',
    to: to?.[2] ?? '',
    toName: to?.[1]?.replace(/^"(.*)"$/, '$1'),
    subject: one('subject') ?? '',
    text: (parts.get('text/plain') ?? '').replaceAll('\r\n', '\n'),
    html: (parts.get('text/html') ?? '').replaceAll('\r\n', '\n'),
    category: one('x-category') ?? '',
    ...attached(
      attachments.map(({ filename, mimeType, content }) => ({
        fileName: filename ?? '',
        contentType: mimeType,
        content: Buffer.from(typeof content === 'string' ? content : new Uint8Array(content)).toString(
          'base64',
        ),
      })),
    ),
    headers: Object.fromEntries(chosen),
  };
}

function attached(attachments: NonNullable<ArrivedMail['attachments']>) {
  return attachments.length === 0 ? {} : { attachments };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
