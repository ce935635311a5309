import { TextDecoder } from 'node:util';
import { SaxesParser } from 'saxes';
import { MillraceError } from '../../errors/catalogue.ts';

/** Enough for a byte order mark and a declaration. */
const declarationBytes = 200;

/**
 * Lets bytes through and fails as soon as they are no well-formed XML 1.0 document, at their end when it is cut short.
 * Nothing is resolved: an entity that is not XML's own is an error.
 * @throws MillraceError BAD_XML, TOO_LARGE.
 */
export async function* wellFormed(
  source: AsyncIterable<unknown>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const parser = new SaxesParser();
  let fault: Error | undefined;
  parser.on('error', (error) => {
    fault ??= error;
  });
  const parse = (text: string) => {
    parser.write(text);
    if (fault !== undefined) throw badXml(fault.message);
  };
  let decoder: TextDecoder | undefined;
  let held: Uint8Array[] = [];
  let bytes = 0;
  const decode = (chunk: Uint8Array | undefined): string => {
    try {
      return chunk === undefined
        ? (decoder?.decode() ?? '')
        : (decoder?.decode(chunk, { stream: true }) ?? '');
    } catch {
      throw badXml('it holds bytes that are no text in its encoding');
    }
  };
  const begin = (): Uint8Array => {
    const first = Buffer.concat(held);
    held = [];
    decoder = decoderOf(first);
    return first;
  };

  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('An answer is made of bytes.');
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new MillraceError('TOO_LARGE', `The gateway's answer is larger than ${maxBytes / 2 ** 20} MB.`);
    }
    if (decoder === undefined) {
      held.push(chunk);
      if (bytes < declarationBytes) continue;
      const first = begin();
      parse(decode(first));
      yield first;
    } else {
      parse(decode(chunk));
      yield chunk;
    }
  }
  if (decoder === undefined) {
    const first = begin();
    parse(decode(first));
    if (first.length > 0) yield first;
  }
  parse(decode(undefined));
  parser.close();
  if (fault !== undefined) throw badXml(fault.message);
}

/** XML is UTF-8 unless a byte order mark or its declaration says otherwise (XML 1.0, appendix F). */
function decoderOf(first: Uint8Array): TextDecoder {
  const [a, b] = first;
  const marked = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : undefined;
  const head = Buffer.from(first.subarray(0, declarationBytes)).toString('latin1');
  const declared = /^\s*(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']/.exec(
    head,
  )?.[1];
  const label = marked ?? declared ?? 'utf-8';
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw badXml(`it names an encoding that is not known here, ${label}`);
  }
}

function badXml(why: string): MillraceError {
  // The parser quotes what it met, which may be a document's own text; a place is enough to find it.
  const text = why.replace(/\s+/g, ' ').slice(0, 200);
  return new MillraceError('BAD_XML', `The answer is no well-formed XML: ${text}.`);
}
