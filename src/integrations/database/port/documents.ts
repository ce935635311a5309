export interface DocumentRow {
  readonly id: string;
  readonly jobKey: string;
  /** Of the job that has made it; unknown of those from before it was kept. */
  readonly jobId?: string | undefined;
  /** Who had it made; empty when the platform did by itself, unknown of those from before it was kept. */
  readonly addedBy?: string | undefined;
  readonly userId: string | undefined;
  readonly kind: string;
  readonly format: string;
  readonly title: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly pages: number | undefined;
  readonly rows: number | undefined;
  readonly sha256: string;
  readonly storageKey: string;
}

export interface Documents {
  /** Run again with the same id it replaces the row: a retried job leaves one. */
  save(row: DocumentRow): Promise<void>;
  find(id: string): Promise<(DocumentRow & { readonly createdAt: Date }) | undefined>;
}

export interface AttachmentRow {
  readonly id: string;
  readonly opportunityId: string | undefined;
  /** The address or storage key that it came from. */
  readonly source: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly storageKey: string;
  /** Text by page; of a workbook by sheet. */
  readonly pageTexts: readonly string[];
}

export interface Attachments {
  /** Run again with the same id it replaces the row; `replacedKey` is the file that the row named before, if another. */
  save(row: AttachmentRow): Promise<{ readonly replacedKey: string | undefined }>;
  find(id: string): Promise<(AttachmentRow & { readonly pages: number }) | undefined>;
}
