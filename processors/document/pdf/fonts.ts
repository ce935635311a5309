import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Cuts of DejaVu Sans Condensed: Latin, Greek and Cyrillic in letters narrow enough for tables. */
export interface Fonts {
  readonly regular: Buffer;
  readonly bold: Buffer;
}

export type FontName = keyof Fonts;

const { resolve } = createRequire(import.meta.url);
let loaded: Promise<Fonts> | undefined;

/** Reads the fonts once for the life of the process (1.4 MB); each document embeds only the letters that it uses. */
export function loadFonts(): Promise<Fonts> {
  loaded ??= readFonts().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function readFonts(): Promise<Fonts> {
  const [regular, bold] = await Promise.all(
    ['DejaVuSansCondensed.ttf', 'DejaVuSansCondensed-Bold.ttf'].map((file) =>
      readFile(resolve(`dejavu-fonts-ttf/ttf/${file}`)),
    ),
  );
  if (regular === undefined || bold === undefined) throw new Error('Two fonts were read.');
  return { regular, bold };
}
