/** Bytes that go on together. */
const gatheredBytes = 65_536;
/** Letters of a page's content that become bytes together. */
const gatheredLetters = 8_192;

/**
 * Lets a document's bytes go on in larger parts. pdfkit gives three or more for each of its objects, of which a tagged table
 * has thousands, and each on its own way through the streams costs a tenth of a report's time.
 */
export function gatherOutput(doc: PDFKit.PDFDocument): void {
  const push = doc.push.bind(doc);
  let parts: Uint8Array[] = [];
  let size = 0;
  doc.push = (chunk: Uint8Array | null) => {
    if (chunk !== null) {
      parts.push(chunk);
      size += chunk.length;
      if (size < gatheredBytes) return true;
    }
    if (size > 0) push(Buffer.concat(parts, size));
    parts = [];
    size = 0;
    return chunk === null ? push(null) : true;
  };
}

/**
 * Lets what is drawn become bytes in larger parts. pdfkit makes an array of bytes of each operator, and keeps those of all
 * pages until their number is known: more than a hundred thousand of them in a report of thirty pages, which are most of
 * its memory.
 */
export function gatherContent(doc: PDFKit.PDFDocument): void {
  const gather = () => {
    const { content } = doc.page;
    const write = content.write.bind(content);
    const finalize = content.finalize.bind(content);
    let text = '';
    const pass = () => {
      if (text !== '') write(Buffer.from(text, 'latin1'));
      text = '';
    };
    content.write = (chunk: string | Uint8Array) => {
      if (typeof chunk !== 'string') {
        pass();
        return write(chunk);
      }
      text += `${chunk}\n`;
      if (text.length >= gatheredLetters) pass();
    };
    content.finalize = () => {
      pass();
      finalize();
    };
  };
  gather();
  doc.on('pageAdded', gather);
}
