import { inflateRawSync } from 'node:zlib';
import { getDocumentProxy } from 'unpdf';

/** A piece of text on a page, with the room that it takes in points from the lower left. */
export interface Piece {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ReadPdf {
  readonly pages: readonly (readonly Piece[])[];
  /** The tags of all pages, in reading order; one that spans pages is there once for each. */
  readonly tags: readonly { readonly role: string; readonly alt: string | undefined }[];
  readonly bookmarks: readonly string[];
  /** Addresses outside. */
  readonly links: readonly string[];
  /** Pages that links inside lead to, from 1. */
  readonly leads: readonly number[];
  readonly title: unknown;
  readonly language: unknown;
  readonly marked: boolean;
}

/** Reads a PDF as other programs see it. */
export async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const pdf = await getDocumentProxy(new Uint8Array(bytes));
  const pages: Piece[][] = [];
  const tags: { role: string; alt: string | undefined }[] = [];
  const links: string[] = [];
  const leads: number[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const content = await page.getTextContent();
    pages.push(
      content.items.flatMap((item) =>
        'str' in item && item.str.trim() !== ''
          ? [
              {
                text: item.str,
                x: item.transform[4],
                y: item.transform[5],
                width: item.width,
                height: item.height,
              },
            ]
          : [],
      ),
    );
    walk(await page.getStructTree(), tags);
    for (const { url, dest } of await page.getAnnotations()) {
      if (typeof url === 'string') links.push(url);
      const [target] = typeof dest === 'string' ? ((await pdf.getDestination(dest)) ?? []) : [];
      if (target !== undefined) leads.push((await pdf.getPageIndex(target)) + 1);
    }
  }
  const { info } = await pdf.getMetadata();
  const outline = (await pdf.getOutline()) ?? [];
  const mark: { Marked?: boolean } | null = await pdf.getMarkInfo();
  const found = {
    pages,
    tags,
    links,
    leads,
    bookmarks: outline.map((entry) => entry.title),
    title: 'Title' in info ? info.Title : undefined,
    language: 'Language' in info ? info.Language : undefined,
    marked: mark?.Marked === true,
  };
  await pdf.loadingTask.destroy();
  return found;
}

/** Adds the tags below a node that have something on this page: the reader gives those of other pages empty. */
function walk(node: unknown, tags: { role: string; alt: string | undefined }[]): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if (!('children' in node) || !Array.isArray(node.children))
    return 'type' in node && node.type === 'content';
  const below: { role: string; alt: string | undefined }[] = [];
  const filled = node.children.map((child) => walk(child, below)).includes(true);
  if (!filled) return false;
  if ('role' in node && typeof node.role === 'string')
    tags.push({ role: node.role, alt: 'alt' in node && typeof node.alt === 'string' ? node.alt : undefined });
  tags.push(...below);
  return true;
}

/** Pairs of texts that lie on one another: more than a point in both directions. */
export function overlaps(pieces: readonly Piece[]): string[] {
  const found: string[] = [];
  pieces.forEach((one, index) => {
    for (const other of pieces.slice(index + 1)) {
      const across = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
      const down = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
      if (across > 1 && down > 1) found.push(`${one.text} | ${other.text}`);
    }
  });
  return found;
}

/** The parts of a zip file by name, read by its central directory (APPNOTE 4.3.12). */
export function unzip(archive: Buffer): Map<string, string> {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06'));
  const parts = new Map<string, string>();
  let at = archive.readUInt32LE(end + 16);
  for (let count = archive.readUInt16LE(end + 10); count > 0; count -= 1) {
    const method = archive.readUInt16LE(at + 10);
    const packed = archive.readUInt32LE(at + 20);
    const [name, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const local = archive.readUInt32LE(at + 42);
    const from = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const data = archive.subarray(from, from + packed);
    parts.set(
      archive.toString('utf8', at + 46, at + 46 + (name ?? 0)).replace(/^\//, ''),
      (method === 8 ? inflateRawSync(data) : data).toString(),
    );
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return parts;
}

/** Records of a CSV file as RFC 4180 has them; throws on anything else. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (match === null) throw new Error(`Not RFC 4180 at ${at}: ${JSON.stringify(text.slice(at, at + 60))}`);
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === ',') continue;
    records.push(record);
    record = [];
  }
  return records;
}
