import { fileTypeFromBuffer } from 'file-type';
import { contentTypes, createPages, ExtractionFault, type ExtractionTask } from './extraction.ts';
import type { AttachmentKind, ExtractedText } from './port.ts';
import { decodeText } from './read-text.ts';

/**
 * Finds out what a file is from its bytes alone and reads its text.
 * @throws ExtractionFault for what it understands; whatever a parser throws for the rest.
 */
export async function readFile({ bytes, limits }: ExtractionTask): Promise<ExtractedText> {
  if (bytes.length === 0) throw new ExtractionFault('ATTACHMENT_UNREADABLE', 'The file is empty.');
  const kind = await kindOf(bytes);
  const { pages, add } = createPages(limits);
  // Parsers take long to load, and a thread needs one of them.
  switch (kind) {
    case 'pdf': {
      const { readPdf } = await import('./read-pdf.ts');
      await readPdf(bytes, limits, add);
      break;
    }
    case 'docx': {
      const [{ unpack }, { docxParts, readDocx }] = await Promise.all([
        import('./archive.ts'),
        import('./read-docx.ts'),
      ]);
      readDocx(await unpack(bytes, limits, (name) => docxParts.includes(name))).forEach(add);
      break;
    }
    case 'xlsx': {
      const [{ unpack }, { readXlsx }] = await Promise.all([
        import('./archive.ts'),
        import('./read-xlsx.ts'),
      ]);
      await unpack(bytes, limits, () => false);
      (await readXlsx(bytes)).forEach(add);
      break;
    }
    case 'text':
      (decodeText(bytes) ?? '').split('\f').forEach(add);
  }
  return { kind, contentType: contentTypes[kind], pages };
}

async function kindOf(bytes: Uint8Array): Promise<AttachmentKind> {
  // Some writers put a line before the header; readers look for it in the first kilobyte (ISO 32000-1, annex H.3.4.1).
  if (Buffer.from(bytes.subarray(0, 1_024)).includes('%PDF-')) return 'pdf';
  const found = await fileTypeFromBuffer(bytes);
  switch (found?.mime) {
    case 'application/pdf':
      return 'pdf';
    case contentTypes.docx:
      return 'docx';
    case contentTypes.xlsx:
      return 'xlsx';
    case 'application/x-cfb':
      throw Buffer.from(bytes).includes(Buffer.from('EncryptedPackage', 'utf16le'))
        ? new ExtractionFault(
            'ATTACHMENT_ENCRYPTED',
            'The Office file opens with a password only. Send it without one.',
          )
        : unsupported('an Office file of before 2007');
    default:
  }
  if (found?.mime.startsWith(openDocument)) throw unsupportedOpenDocument(found.mime, found.ext);
  const text = decodeText(bytes);
  const flat = flatOpenDocument.exec(text?.slice(0, headLetters) ?? '')?.[1];
  if (flat !== undefined) throw unsupportedOpenDocument(`${openDocument}${flat}`, flatEndings[flat] ?? 'XML');
  if (text !== undefined && /^\s*(<!doctype html|<html)/i.test(text)) throw unsupported('a web page');
  if (text !== undefined && (found === undefined || found.mime === 'application/xml')) return 'text';
  throw unsupported(
    found === undefined ? 'of a kind that is not known here' : `${found.ext.toUpperCase()} (${found.mime})`,
  );
}

const openDocument = 'application/vnd.oasis.opendocument.';

/** A document that is one file of XML, pictures and all (OpenDocument 1.3 part 3, 3.1.2): its root says of what kind it is. */
const flatOpenDocument =
  /<office:document\s[^>]*office:mimetype=["']application\/vnd\.oasis\.opendocument\.([a-z]+)/;
const flatEndings: Readonly<Record<string, string>> = {
  text: 'fodt',
  spreadsheet: 'fods',
  presentation: 'fodp',
  graphics: 'fodg',
};
/** Its names come first, some kilobytes of them. */
const headLetters = 32_768;

/** By what follows in the content type; templates go with their kind, drawings and all else can be saved as PDF alone. */
const savedAs: Readonly<Record<string, string>> = {
  text: 'Word (docx) or PDF',
  spreadsheet: 'Excel (xlsx) or PDF',
};

function unsupportedOpenDocument(mime: string, ext: string) {
  const [family = ''] = mime.slice(openDocument.length).split('-');
  return new ExtractionFault(
    'ATTACHMENT_UNSUPPORTED',
    `The file is an OpenDocument file (${ext}), which is not read. Save it as ${savedAs[family] ?? 'PDF'} and send that.`,
  );
}

function unsupported(what: string): ExtractionFault {
  return new ExtractionFault(
    'ATTACHMENT_UNSUPPORTED',
    `The file is ${what}. Text is read from PDF, Word (docx), Excel (xlsx) and plain text.`,
  );
}
