/**
 * Bytes as text, if that is what they are: UTF-8, UTF-16 with or without its mark, or Windows-1252 for anything else
 * that holds no control characters. `undefined` means that they are no text.
 */
export function decodeText(bytes: Uint8Array): string | undefined {
  if (startsWith(bytes, [0xef, 0xbb, 0xbf])) return decode('utf-8', bytes);
  if (startsWith(bytes, [0xff, 0xfe])) return decode('utf-16le', bytes);
  if (startsWith(bytes, [0xfe, 0xff])) return decode('utf-16be', bytes);
  const sample = bytes.subarray(0, 64 * 1024);
  const zeros = zerosOf(sample);
  if (zeros.odd > sample.length * 0.2 && zeros.even === 0) return decode('utf-16le', bytes);
  if (zeros.even > sample.length * 0.2 && zeros.odd === 0) return decode('utf-16be', bytes);
  return decode('utf-8', bytes) ?? decode('windows-1252', bytes);
}

/** Controls other than those that text files do hold: tab, line feed, form feed, return, next line. */
const notInText = /[^\P{Cc}\t\n\f\r\u0085]/u;

function decode(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return notInText.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

/** Zero bytes at even and at odd places: one half of each Latin letter in UTF-16. */
function zerosOf(bytes: Uint8Array): { even: number; odd: number } {
  let even = 0;
  let odd = 0;
  bytes.forEach((byte, index) => {
    if (byte !== 0) return;
    if (index % 2 === 0) even += 1;
    else odd += 1;
  });
  return { even, odd };
}
