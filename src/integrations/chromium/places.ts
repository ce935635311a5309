import { getDocumentProxy } from 'unpdf';

/**
 * How many pages a PDF has, and where its named destinations are. Chromium writes one for each element that a link in the
 * document leads to, under the element's id: exact, where a search for a heading's words would find them in the text too.
 */
export async function readPlaces(
  bytes: Uint8Array,
): Promise<{ readonly pages: number; readonly places: ReadonlyMap<string, number> }> {
  // The reader takes the bytes away from whoever gives them.
  const document = await getDocumentProxy(bytes.slice());
  try {
    const places = new Map<string, number>();
    const named: Readonly<Record<string, unknown>> = await document.getDestinations();
    for (const [id, destination] of Object.entries(named)) {
      const page: unknown = Array.isArray(destination) ? destination[0] : undefined;
      if (isReference(page)) places.set(id, (await document.getPageIndex(page)) + 1);
    }
    return { pages: document.numPages, places };
  } finally {
    await document.loadingTask.destroy();
  }
}

function isReference(value: unknown): value is { num: number; gen: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'num' in value &&
    typeof value.num === 'number' &&
    'gen' in value &&
    typeof value.gen === 'number'
  );
}
