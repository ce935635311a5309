import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

/** What the server says to the next mail instead of taking it. */
export interface SmtpRefusal {
  readonly at: 'rcpt' | 'data';
  readonly code: number;
}

export interface SmtpPeer {
  readonly url: string;
  /** The mails that were taken, as they came over the wire. */
  readonly mails: readonly Buffer[];
  /** Connections that were opened in all. */
  readonly connections: number;
  refuseNext(refusal: SmtpRefusal): void;
  /** Takes the next mail and breaks off instead of saying so. */
  breakOffNext(): void;
  close(): Promise<void>;
}

/** A real SMTP server on loopback; with `user`, only with that name and the password `secret`. */
export async function startSmtpPeer(user?: string): Promise<SmtpPeer> {
  const mails: Buffer[] = [];
  const sockets = new Set<Socket>();
  const refusals: SmtpRefusal[] = [];
  let connections = 0;
  let breakOff = false;
  const refused = (at: SmtpRefusal['at']): Error | undefined => {
    if (refusals[0]?.at !== at) return undefined;
    const { code } = refusals.shift() ?? { code: 550 };
    return Object.assign(new Error('Refused by the test.'), { responseCode: code });
  };
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: user === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onConnect(_session, done) {
      connections += 1;
      done();
    },
    onAuth({ username, password }, _session, done) {
      if (username === user && password === 'secret') done(null, { user: username });
      else done(new Error('Invalid username or password'));
    },
    onRcptTo(_address, _session, done) {
      done(refused('rcpt'));
    },
    onData(stream, _session, done) {
      buffer(stream).then((source) => {
        const error = refused('data');
        if (error === undefined) mails.push(source);
        if (!breakOff) return done(error);
        breakOff = false;
        for (const socket of sockets) socket.destroy();
      }, done);
    },
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  listening.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await once(listening, 'listening');
  const bound = listening.address();
  if (bound === null || typeof bound === 'string') throw new Error('The server has no port.');
  return {
    url: `smtp://${user === undefined ? '' : `${user}:secret@`}127.0.0.1:${bound.port}`,
    mails,
    get connections() {
      return connections;
    },
    refuseNext: (refusal) => void refusals.push(refusal),
    breakOffNext() {
      breakOff = true;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
