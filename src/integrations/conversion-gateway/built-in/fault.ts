export type ConversionFaultCode = 'NO_TEXT' | 'PDF_ENCRYPTED' | 'PDF_UNREADABLE';

/** Thrown inside the thread by whoever understands what is wrong with the PDF. */
export class ConversionFault extends Error {
  readonly code: ConversionFaultCode;
  constructor(code: ConversionFaultCode, message: string) {
    super(message);
    this.code = code;
  }
}
