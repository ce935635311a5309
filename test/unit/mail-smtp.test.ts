import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSmtp } from '../../src/integrations/mail/smtp.ts';
import { sampleMail, sender } from '../contract/mail-provider.ts';
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';

const signal = () => new AbortController().signal;
let peer: SmtpPeer;

beforeEach(async () => {
  peer = await startSmtpPeer('ada');
});
afterEach(() => peer.close());

describe('SMTP', () => {
  it.each([
    ['rcpt', 450, 'MAIL_UNAVAILABLE', true],
    ['rcpt', 550, 'MAIL_REJECTED', false],
    ['data', 451, 'MAIL_UNAVAILABLE', true],
    ['data', 554, 'MAIL_REJECTED', false],
  ] as const)('says of %s answered with %i: %s', async (at, code, error, retryable) => {
    const provider = createSmtp({ url: peer.url, from: sender });
    peer.refuseNext({ at, code });
    await expect(provider.send(sampleMail(), signal())).rejects.toMatchObject({ code: error, retryable });
    expect(peer.mails).toHaveLength(0);
    await provider.send(sampleMail(), signal());
    expect(peer.mails).toHaveLength(1);
    provider.close?.();
  });

  it('says that it is not let in, without the password', async () => {
    const provider = createSmtp({ url: peer.url.replace(':secret@', ':wrong-password@'), from: sender });
    const error = await provider.send(sampleMail(), signal()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'MAIL_UNAUTHORIZED', retryable: false });
    // nodemailer's error may hold what was sent to the server.
    expect(error).not.toHaveProperty('cause');
    expect(JSON.stringify(error)).not.toContain('wrong-password');
    provider.close?.();
  });

  it('says when to come back to a server that does not take a mail now, and to no other', async () => {
    const provider = createSmtp({ url: peer.url, from: sender, comeBackMs: 1_234 });
    for (const [code, retryAfterMs] of [
      [451, 1_234],
      [550, undefined],
    ] as const) {
      peer.refuseNext({ at: 'rcpt', code });
      await expect(provider.send(sampleMail(), signal())).rejects.toMatchObject({ retryAfterMs });
    }
    peer.breakOffNext();
    await expect(provider.send(sampleMail(), signal())).rejects.toMatchObject({
      code: 'MAIL_UNAVAILABLE',
      retryAfterMs: undefined,
    });
    // The Message-ID is the same again, and what the ledger keeps of it is not taken for an address.
    const { messageId } = await provider.send(sampleMail(), signal());
    expect(peer.mails).toHaveLength(2);
    for (const mail of peer.mails) expect(mail.toString()).toContain(`<${messageId}@`);
    provider.close?.();
  });

  it('keeps its connections for further mails', async () => {
    const provider = createSmtp({ url: peer.url, from: sender, connections: 2 });
    for (let mail = 0; mail < 5; mail += 1)
      await provider.send(sampleMail({ jobKey: `job-${mail}` }), signal());
    await Promise.all(
      [5, 6, 7, 8].map((mail) => provider.send(sampleMail({ jobKey: `job-${mail}` }), signal())),
    );
    expect(peer.mails).toHaveLength(9);
    expect(peer.connections).toBeLessThanOrEqual(2);
    provider.close?.();
  });

  it('is tried again when the server is away', async () => {
    const { url } = peer;
    await peer.close();
    const provider = createSmtp({ url, from: sender });
    await expect(provider.send(sampleMail(), signal())).rejects.toMatchObject({
      code: 'MAIL_UNAVAILABLE',
      retryable: true,
    });
    provider.close?.();
    peer = await startSmtpPeer();
  });
});
