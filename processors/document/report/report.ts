import type { Writable } from 'node:stream';
import type { DateRange, ReportFigures, ReportRow } from '../../../src/integrations/database/port.ts';

/** The types of report that this version makes. */
export type ReportKind = 'analytics' | 'opportunities';

/** A report before it has a form: all three formats are made from this. */
export interface Report {
  readonly kind: ReportKind;
  readonly title: string;
  readonly range: DateRange;
  readonly generatedAt: Date;
  readonly figures: ReportFigures;
  /** The opportunities in batches, once; throws when the job is to stop. */
  batches(): AsyncIterable<readonly ReportRow[]>;
}

export interface Rendered {
  /** Rows of data in the file. */
  readonly rows: number;
  readonly pages?: number;
}

/**
 * Writes a report into `sink` and ends it. It waits while the sink is full, and throws when the sink breaks or the
 * report cannot be read; the sink is then for its owner to destroy.
 */
export type Renderer = (report: Report, sink: Writable) => Promise<Rendered>;
