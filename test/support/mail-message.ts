/**
 * Reads a mail as a program would that got it: header fields unfolded (RFC 5322, 2.2.3), encoded words decoded
 * (RFC 2047), parts split at their boundary (RFC 2046). It throws at anything a well-formed mail does not hold.
 */
export interface MailMessage {
  /** Decoded values by name in lower case, in their order; two of a name mean that one was injected. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Header values as they stand, unfolded. */
  readonly rawHeaders: ReadonlyMap<string, readonly string[]>;
  /** Decoded text of each part, by its type. */
  readonly parts: ReadonlyMap<string, string>;
}

export function readMail(source: Buffer): MailMessage {
  const raw = source.toString('latin1');
  if (/[\u0080-\u00ff]/.test(raw)) throw new Error('A mail holds bytes outside ASCII.');
  if (/(^|[^\r])\n|\r(?!\n)/.test(raw)) throw new Error('A mail holds a line break that is not CRLF.');
  const { headers: rawHeaders, body } = split(raw);
  const headers = new Map([...rawHeaders].map(([name, values]) => [name, values.map(decodeWords)]));
  const parts = new Map<string, string>();
  collect(rawHeaders, body, parts);
  return { headers, rawHeaders, parts };
}

function split(raw: string): { headers: Map<string, string[]>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  if (end === -1) throw new Error('No blank line ends the header.');
  const lines = raw
    .slice(0, end)
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const match = /^([\x21-\x39\x3b-\x7e]+):[ \t]*(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined)
      throw new Error(`This is no header field: ${line}`);
    const name = match[1].toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), match[2]]);
  }
  for (const line of raw.split('\r\n')) {
    if (line.length > 998) throw new Error('A line is longer than the 998 characters of RFC 5322.');
  }
  return { headers, body: raw.slice(end + 4) };
}

function collect(
  headers: ReadonlyMap<string, readonly string[]>,
  body: string,
  into: Map<string, string>,
): void {
  const contentType = headers.get('content-type')?.[0] ?? 'text/plain';
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!type.startsWith('multipart/')) {
    into.set(type, decodeBody(body, headers.get('content-transfer-encoding')?.[0] ?? '7bit'));
    return;
  }
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error('A multipart has no boundary.');
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`);
  if (pieces.at(-1)?.startsWith('--') !== true) throw new Error('A multipart is not closed.');
  for (const piece of pieces.slice(1, -1)) {
    const part = split(piece.replace(/^\r\n/, ''));
    collect(part.headers, part.body, into);
  }
}

function decodeBody(body: string, encoding: string): string {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString('utf8');
    case 'quoted-printable': {
      const joined = body.replace(/[ \t]+(?=\r\n)/g, '').replace(/=\r\n/g, '');
      return decodeHex(joined, /=([0-9A-F]{2})/gi).toString('utf8');
    }
    case '7bit':
      return body;
    default:
      throw new Error(`Nobody said how ${encoding} is read.`);
  }
}

function decodeWords(value: string): string {
  return value
    .replace(/(\?=)[ \t]+(?==\?)/g, '$1')
    .replace(/((?:=\?utf-8\?[bq]\?[^?]*\?=)+)/gi, (words) => Buffer.concat(wordsOf(words)).toString('utf8'));
}

function wordsOf(words: string): Buffer[] {
  return [...words.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, kind = '', text = '']) =>
    kind.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64')
      : decodeHex(text.replace(/_/g, ' '), /=([0-9A-F]{2})/gi),
  );
}

function decodeHex(text: string, pattern: RegExp): Buffer {
  return Buffer.from(
    text.replace(pattern, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );
}
