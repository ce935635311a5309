import type { ServerResponse } from 'node:http';

/** Ways in which a request goes wrong on the other side. */
export type SandboxFault =
  | {
      /** Any status with any body. */
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Begins an answer and never ends it. */
  | { readonly kind: 'hang-in-body' }
  /** Closes the connection without an answer. */
  | { readonly kind: 'reset' }
  /** Closes the connection in the middle of an answer. */
  | { readonly kind: 'cut' }
  | FileFault;

/** The file of an extract: sent by half, then closed, or left open; or with other bytes in its middle. */
export interface FileFault {
  readonly kind: 'cut-file' | 'hang-in-file' | 'broken-file';
}

type AnswerFault = Exclude<SandboxFault, FileFault>;

export function answerFault(response: ServerResponse, fault: AnswerFault): SandboxFault['kind'] {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(fault.body ?? '');
      break;
    case 'hang':
      break;
    case 'hang-in-body':
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"totalRecords":');
      break;
    case 'reset':
      response.destroy();
      break;
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '4096' });
      response.write('{"totalRecords":1,"opport', () => response.destroy());
      break;
  }
  return fault.kind;
}
