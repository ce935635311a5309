import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { JSONParser } from '@streamparser/json';
import { BrokenExtractError, type ExtractedRecord } from './port.ts';

/** Far above any record; what lies between two of them must not fill the memory either. */
const recordBytes = 16 * 2 ** 20;

/**
 * Reads the records of an extract one after another; the reader's pace is the file's. The page that describes extracts
 * does not show what is in one, so both a search's answer (`entityData`) and a bare list are taken.
 * @throws BrokenExtractError when it is neither, ends too early, or a record is larger than 16 MiB.
 */
export async function* readExtract(
  path: string,
  bytes: number,
  redact: (text: string) => string,
): AsyncGenerator<ExtractedRecord> {
  const source = createReadStream(path);
  const plain = (await isPacked(path)) ? unpacked(source) : source;
  const splitter = createSplitter();
  try {
    for await (const chunk of plain) {
      const share = bytes === 0 ? 1 : source.bytesRead / bytes;
      for (const record of splitter.write(chunk)) {
        redactIn(record, redact);
        yield { record, share };
      }
    }
    for (const record of splitter.end()) {
      redactIn(record, redact);
      yield { record, share: 1 };
    }
  } catch (error) {
    const isZlib = error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
    throw isZlib ? new BrokenExtractError(`it is no whole gzip file (${String(error.code)})`) : error;
  } finally {
    source.destroy();
  }
}

function unpacked(source: ReadStream): Readable {
  // What goes wrong in it is thrown to whoever reads from its end.
  return pipeline(source, createGunzip(), () => undefined);
}

/** Cuts JSON into the items of its list, without ever holding more than one of them. */
function createSplitter() {
  let parser: JSONParser | undefined;
  let found: unknown[] = [];
  let sinceLast = 0;
  const lone: Record<string, unknown> = {};

  function begin(chunk: Uint8Array): JSONParser {
    const isList =
      chunk.find((byte) => !' \t\r\n\u00ef\u00bb\u00bf'.includes(String.fromCharCode(byte))) === 0x5b;
    const made = new JSONParser({ paths: [isList ? '$.*' : '$.entityData.*'], keepStack: false });
    made.onValue = ({ value, key, parent }) => {
      // A lone record comes without its list, as in a search.
      if (!Array.isArray(parent)) lone[String(key)] = value;
      else found.push(value);
    };
    return made;
  }

  function take(): unknown[] {
    const taken = found;
    found = [];
    return taken;
  }

  return {
    write(chunk: Uint8Array): unknown[] {
      parser ??= begin(chunk);
      sinceLast += chunk.byteLength;
      try {
        parser.write(chunk);
      } catch {
        // What the parser says quotes the file.
        throw new BrokenExtractError('it is no JSON');
      }
      if (found.length > 0) sinceLast = 0;
      if (sinceLast > recordBytes)
        throw new BrokenExtractError(`a record is larger than ${recordBytes} bytes`);
      return take();
    },
    end(): unknown[] {
      if (parser === undefined || !parser.isEnded) throw new BrokenExtractError('its JSON ends too early');
      return Object.keys(lone).length > 0 ? [lone] : [];
    },
  };
}

/** The two bytes that begin every gzip file: some servers and proxies unpack what they send. */
export async function isPacked(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/** Deeper than any record: a sync puts such a one aside without its content. */
const deepest = 100;

/** Takes the key out of the links of a record, which stand in its texts; the record is ours alone yet. */
function redactIn(value: unknown, redact: (text: string) => string, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > deepest) return;
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'string') redactIn(item, redact, depth + 1);
    else if (item.includes('api_key=')) Reflect.set(value, key, redact(item));
  }
}
