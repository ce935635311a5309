import { MillraceError } from '../../../src/errors/catalogue.ts';
import { ownFolders } from '../../../src/integrations/storage/port.ts';

export function resultKeyOf(conversionId: string): string {
  return `${ownFolders.results}/${conversionId}.xml`;
}

/**
 * The storage key of an upload. Rows may come from a service that shares the storage's folder; what it names must be in it.
 * @throws MillraceError IO_ERROR, which no retry mends.
 */
export function uploadKeyOf(uploadPath: string): string {
  if (!uploadPath.startsWith('/') && !uploadPath.split('/').includes('..')) return uploadPath;
  throw new MillraceError(
    'IO_ERROR',
    'The conversion’s upload_path is no key of the storage: give a path below its folder, such as uploads/abc.pdf.',
    { retryable: false },
  );
}
