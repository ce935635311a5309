import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFaults, MillraceError } from '../../../errors/catalogue.ts';
import { faultsOf } from '../../../errors/faults.ts';
import { mappingPattern } from '../port.ts';
import { type Mapping, mappingSchema } from './mapping.ts';

export interface Mappings {
  /** @throws MillraceError MAPPING_NOT_FOUND, MAPPING_INVALID with the path of each wrong field. */
  load(name: string): Promise<Mapping>;
  has(name: string): Promise<boolean>;
}

/**
 * Mapping files, `<name>.json`, from the first of these folders that has one: an operator's own go before ours. They are
 * read anew for each conversion, so a change needs no restart.
 */
export function openMappings(folders: readonly string[]): Mappings {
  async function read(name: string): Promise<{ readonly path: string; readonly text: string } | undefined> {
    if (!mappingPattern.test(name)) return undefined;
    for (const folder of folders) {
      const path = join(folder, `${name}.json`);
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (
          error instanceof Error &&
          'code' in error &&
          (error.code === 'ENOENT' || error.code === 'ENOTDIR')
        )
          return undefined;
        throw new MillraceError('IO_ERROR', `${path} cannot be read. Check who may read it.`, {
          cause: error,
        });
      });
      if (text !== undefined) return { path, text };
    }
    return undefined;
  }

  return {
    async load(name) {
      const found = await read(name);
      if (found === undefined) {
        throw new MillraceError(
          'MAPPING_NOT_FOUND',
          `There is no mapping "${name.slice(0, 100)}": put ${mappingPattern.test(name) ? `${name}.json` : 'a file of a plain name'} into ${folders[0] ?? 'the folder of mappings'}.`,
        );
      }
      const parsed = mappingSchema.safeParse(parseJson(found.text, found.path));
      if (parsed.success) return parsed.data;
      const faults = faultsOf(parsed.error.issues);
      throw new MillraceError('MAPPING_INVALID', `${found.path} is no mapping. ${listFaults(faults)}`, {
        details: faults,
      });
    },
    async has(name) {
      return (await read(name)) !== undefined;
    },
  };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MillraceError('MAPPING_INVALID', `${path} is no JSON.`, { cause: error });
  }
}
