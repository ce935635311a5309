import type { Readable } from 'node:stream';

export interface StoredFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where the platform keeps files of its own making: the first part of their keys. Other folders are anybody's. */
export const ownFolders = {
  reports: 'reports',
  exports: 'exports',
  matrices: 'matrices',
  cer: 'cer',
  attachments: 'attachments',
  uploads: 'uploads',
  results: 'results',
} as const;

/** How a link to a file behaves. */
export interface LinkTerms {
  /** How long it is good for, in seconds; providers allow up to seven days. */
  readonly expiresInSeconds: number;
  /** What the file is called where it is saved. */
  readonly fileName: string;
  readonly contentType: string;
}

/** Where files are kept. A key is a relative path with forward slashes, such as `reports/2026/abc.pdf`. */
export interface Storage {
  readonly name: string;
  /**
   * Keeps a file under its key: all of it or nothing, also when the process dies in the middle. An existing
   * file is replaced in one step, so that a job that is run again ends in the same place.
   * @throws MillraceError STORAGE_FAILED
   */
  put(key: string, content: Readable | Uint8Array, signal?: AbortSignal): Promise<StoredFile>;
  /** @throws MillraceError STORAGE_FAILED when there is no such file. */
  get(key: string): Promise<Readable>;
  exists(key: string): Promise<boolean>;
  remove(key: string): Promise<void>;
  /**
   * A link at which the provider itself serves the file to whoever has it, until it expires. It says nothing about
   * whether the file is there. Absent where only our own HTTP side can serve files.
   * @throws MillraceError STORAGE_FAILED
   */
  signedUrl?(key: string, terms: LinkTerms): Promise<string>;
  /** Shows that files can be written; for health. */
  check(): Promise<void>;
}
