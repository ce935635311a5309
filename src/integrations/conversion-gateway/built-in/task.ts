import type { ConversionFaultCode } from './fault.ts';
import type { Mapping } from './mapping.ts';
import type { PdfLimits } from './page-text.ts';

export interface ConversionTask {
  readonly bytes: Uint8Array;
  readonly limits: PdfLimits;
  /** Of the mapping. */
  readonly name: string;
  readonly mapping: Mapping;
}

/** What the thread answers; an error cannot cross with its class, so it crosses as code and sentence. */
export type ConversionAnswer =
  | { readonly ok: true; readonly xml: string; readonly lineItems: number }
  | { readonly ok: false; readonly code: ConversionFaultCode; readonly message: string };
