/**
 * Every error that Millrace raises on purpose: its code, the HTTP status it answers with, whether a job that
 * fails with it is tried again, and what it means. Codes are stable: they stand in job records, in answers and
 * in alerts, and are never reused for something else. `docs/errors.md` is made from this table.
 */
interface ErrorEntry {
  /** HTTP status when the error ends a request. */
  readonly status: number;
  /** Whether a job that failed with it may succeed when tried again. */
  readonly retryable: boolean;
  /** What it means and what to do, for `docs/errors.md`. */
  readonly meaning: string;
}

export const catalogue = {
  CONFIG_INVALID: entry(
    500,
    false,
    'A variable of the environment is missing or wrong; the message names each.',
  ),
  PREFLIGHT_FAILED: entry(500, false, 'Something the platform needs at its start is missing or unfit.'),
  INVALID_PAYLOAD: entry(400, false, 'A payload does not fit its schema; `details` names each field.'),
  INVALID_REQUEST: entry(400, false, 'A request is malformed; `details` names each field.'),
  INVALID_RESULT: entry(
    500,
    false,
    'A processor returned something that its job does not promise: a defect.',
  ),
  INVALID_OPTIONS: entry(400, false, 'An option of addJob is out of its range; `details` names it.'),
  TOO_LARGE: entry(413, false, 'A payload or body is above its limit: store the data and send its id.'),
  UNKNOWN_QUEUE: entry(404, false, 'No queue has that name; the message lists those there are.'),
  UNKNOWN_JOB: entry(404, false, 'The queue has no job of that name; the message lists those there are.'),
  JOB_UNAVAILABLE: entry(422, false, 'The job is defined but nothing in this version processes it yet.'),
  JOB_NOT_FOUND: entry(404, false, 'No job has that id: it never was, or its retention has passed.'),
  JOB_INDEX_OFF: entry(409, false, 'Jobs cannot be searched, since JOB_INDEX is off.'),
  JOB_CANCELLED: entry(409, false, 'The job was taken back by a person or a service.'),
  JOB_STATE_CONFLICT: entry(
    409,
    false,
    'The job is in a state in which this cannot be done; the message says in which it can.',
  ),
  DEAD_LETTER_NOT_FOUND: entry(
    404,
    false,
    'No dead letter has that id, or it was forgotten 90 days after it was closed.',
  ),
  DEAD_LETTER_CLOSED: entry(
    409,
    false,
    'The dead letter was replayed or discarded before; the message says by whom.',
  ),
  DEAD_LETTER_BUSY: entry(
    409,
    true,
    'Somebody is about to replay or discard this dead letter, or its failure is not recorded yet: look again in some seconds.',
  ),
  DEAD_LETTER_OPERATION_NOT_FOUND: entry(
    404,
    false,
    'No replay or discard of many dead letters has that id.',
  ),
  SCHEDULE_NOT_FOUND: entry(404, false, 'No schedule has that name; the message lists those there are.'),
  SCHEDULE_NOT_CONFIGURED: entry(
    409,
    false,
    'The schedule is off in config/schedules.ts, so it cannot be resumed.',
  ),
  NOT_FOUND: entry(404, false, 'Nothing is at that address.'),
  STORY_NOT_FOUND: entry(404, false, 'No story has that id.'),
  TOKEN_NOT_FOUND: entry(404, false, 'No API token of ours has that id.'),
  DOCUMENT_NOT_FOUND: entry(404, false, 'No document has that id.'),
  CER_REPORT_NOT_FOUND: entry(404, false, 'No clinical evaluation report of yours has that id.'),
  CER_REPORT_NOT_READY: entry(
    409,
    false,
    'The report has no PDF yet, or failed; its `status` and `error` say which.',
  ),
  IDEMPOTENCY_CONFLICT: entry(422, false, 'The idempotency key was used before with another payload.'),
  UNAUTHENTICATED: entry(401, false, 'The request bears no valid token or session.'),
  OIDC_UNAVAILABLE: entry(
    503,
    true,
    'The identity provider (`OIDC_ISSUER`) does not answer, or does not know this platform; other ways to sign in go on.',
  ),
  OIDC_REFUSED: entry(
    403,
    false,
    'What came back from the identity provider must not be believed, is out of date, or was used before. Sign in again.',
  ),
  FORBIDDEN: entry(403, false, 'The token or session has not the role that this needs.'),
  RATE_LIMITED: entry(429, true, 'Too many requests; `Retry-After` says when to come back.'),
  NOT_READY: entry(
    503,
    true,
    'This process starts or stops, or something it needs is away; `/health` says what.',
  ),
  REQUEST_TIMEOUT: entry(
    503,
    true,
    'No answer was ready in time; repeat the request, with the same idempotency key if it adds something.',
  ),
  QUEUE_UNAVAILABLE: entry(503, true, 'The queue backend is away: nothing was accepted. Try again.'),
  DATABASE_UNAVAILABLE: entry(503, true, 'The database is away. Try again.'),
  DATABASE_REFUSED: entry(500, false, 'Supabase refuses the key: check SUPABASE_SERVICE_ROLE_KEY.'),
  DATABASE_OUTDATED: entry(
    500,
    false,
    'The database lacks migrations of this version: run `npm run migrate` with its DATABASE_URL.',
  ),
  DATABASE_NEWER: entry(500, false, 'The database was migrated by a newer Millrace: upgrade this one.'),
  MIGRATION_FAILED: entry(500, false, 'A migration did not apply; nothing of it was kept.'),
  EMBEDDED_UNREACHABLE: entry(
    500,
    false,
    'The embedded PostgreSQL cannot reach its folder under its own user.',
  ),
  EMBEDDED_FAILED: entry(
    500,
    false,
    'The embedded PostgreSQL did not start; the message has its last words.',
  ),
  JOB_TIMEOUT: entry(500, true, 'The job ran longer than its timeout.'),
  JOB_ABORTED: entry(503, true, 'The worker was stopping, or had lost the job, before it ended.'),
  JOB_STALLED: entry(500, false, 'The job outlived its worker too often: it may be what kills it.'),
  ALERT_NOT_SENT: entry(502, true, 'The address of ALERT_WEBHOOK_URL takes no notice; it is tried again.'),
  MAIL_REJECTED: entry(422, false, 'The mail provider refuses this mail for good.'),
  MAIL_UNAUTHORIZED: entry(502, false, 'The mail provider refuses our key or our credits are used up.'),
  MAIL_RATE_LIMITED: entry(429, true, 'The mail provider asks us to wait.'),
  MAIL_UNAVAILABLE: entry(502, true, 'The mail provider is away or broken.'),
  SYNC_UNAUTHORIZED: entry(502, false, 'SAM.gov refuses the key: rotate SAM_GOV_API_KEY.'),
  SYNC_RATE_LIMITED: entry(429, true, 'The quota of SAM.gov is used up; the sync goes on when it returns.'),
  SYNC_REJECTED: entry(502, false, 'SAM.gov refuses the request as malformed.'),
  SYNC_UNAVAILABLE: entry(502, true, 'SAM.gov is away, broken, or answers what cannot be read.'),
  SYNC_NOT_CONFIGURED: entry(422, false, 'SAM_GOV_API_KEY is not set.'),
  SYNC_WAITING: entry(409, true, 'SAM.gov prepares the extract that was asked for; the sync looks again.'),
  SYNC_BUSY: entry(409, true, 'Another sync of the same kind is running; this one waits for it.'),
  AI_UNAUTHORIZED: entry(502, false, 'OpenAI refuses the key, or the account has no quota left.'),
  AI_RATE_LIMITED: entry(429, true, 'OpenAI asks us to wait.'),
  AI_REJECTED: entry(502, false, 'OpenAI refuses the request as malformed.'),
  AI_INVALID_OUTPUT: entry(502, true, 'The model refused, was cut short, or left the schema.'),
  AI_UNAVAILABLE: entry(502, true, 'OpenAI is away, broken or too slow.'),
  AI_BUDGET_USED_UP: entry(
    429,
    true,
    'OPENAI_DAILY_TOKEN_LIMIT has no room for the call: the job waits, for calls under way or for the next day (UTC).',
  ),
  AI_BUDGET_TOO_SMALL: entry(
    422,
    false,
    'One call may need more than OPENAI_DAILY_TOKEN_LIMIT: raise it, then replay the job.',
  ),
  WEBHOOK_NOT_CONFIGURED: entry(
    422,
    false,
    'A webhook was asked for, but WEBHOOK_SECRET is not set to sign it with.',
  ),
  WEBHOOK_REFUSED: entry(
    422,
    false,
    'The address of a webhook is not public, redirects, or says that it wants no more (410).',
  ),
  WEBHOOK_UNAVAILABLE: entry(502, true, 'A webhook was not taken: no answer, or none of success.'),
  ATTACHMENT_REFUSED: entry(
    422,
    false,
    'The address of an attachment is not http(s) or not on the public internet.',
  ),
  ATTACHMENT_UNAVAILABLE: entry(502, true, 'No file came from the address of an attachment.'),
  ATTACHMENT_TOO_LARGE: entry(
    422,
    false,
    'An attachment, or what it unpacks to, is above its limits of size, pages, text or memory.',
  ),
  ATTACHMENT_UNSUPPORTED: entry(
    422,
    false,
    'An attachment is none of PDF, Word (docx), Excel (xlsx) and plain text.',
  ),
  ATTACHMENT_ENCRYPTED: entry(422, false, 'An attachment opens with a password only.'),
  ATTACHMENT_UNREADABLE: entry(422, false, 'An attachment is broken, or took too long to read.'),
  ATTACHMENT_NOT_FOUND: entry(404, true, 'No attachment has that id yet: process it first.'),
  CONVERSION_NOT_FOUND: entry(404, false, 'No conversion has that id.'),
  CONVERSION_NOT_COMPLETE: entry(409, false, 'The conversion has no result: it waits, runs, or has failed.'),
  UNSUPPORTED_MEDIA: entry(
    415,
    false,
    'The body is not of the kind that is taken there: JSON, or for an upload a multipart form with a PDF.',
  ),
  GW_4XX: entry(502, false, 'The gateway refuses the PDF or its mapping (400, 406, 415 and the like).'),
  GW_5XX: entry(502, true, 'The gateway failed (5xx), refused the connection or broke off.'),
  GW_TIMEOUT: entry(504, true, 'The gateway did not answer within GATEWAY_TIMEOUT.'),
  IO_ERROR: entry(
    500,
    true,
    'A file of a conversion could not be read or written: a full disk, a missing upload.',
  ),
  BAD_XML: entry(502, true, 'The gateway answered something that is no well-formed XML.'),
  NO_TEXT: entry(422, false, 'The file holds no text: it may be a scan.'),
  PDF_ENCRYPTED: entry(422, false, 'The PDF opens with a password only.'),
  PDF_UNREADABLE: entry(422, false, 'The PDF is broken, or takes too long or too much to read.'),
  MAPPING_NOT_FOUND: entry(422, false, 'There is no mapping of that name.'),
  MAPPING_INVALID: entry(422, false, 'A mapping file is malformed; `details` names each field.'),
  STORAGE_FAILED: entry(500, true, 'The file storage did not take or give a file.'),
  BROWSER_FAILED: entry(
    500,
    true,
    'Chromium did not start, died, hung or took too much memory while it printed; the next attempt gets a fresh one.',
  ),
  RENDER_FAILED: entry(500, false, 'A document could not be laid out from this data.'),
  ABORTED: entry(500, true, 'The work was told to stop.'),
  NETWORK: entry(502, true, 'A connection failed below any protocol of ours.'),
  UNKNOWN: entry(500, true, 'Something that nobody foresaw; the stack says where.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof catalogue;

function entry(status: number, retryable: boolean, meaning: string): ErrorEntry {
  return { status, retryable, meaning };
}

/** One fault in something given to us: where it is and what is wrong with it. */
export interface Fault {
  /** Path of the field, e.g. `data.opportunities[2].deadline`. */
  readonly path: string;
  readonly message: string;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  /** The faults, for people who must mend their input. */
  readonly details?: readonly Fault[];
  /** How long the other side asked us to wait, in ms: the job is delayed by it and no attempt is counted. */
  readonly retryAfterMs?: number;
  /** Overrides the table where the place that raised the error knows better. */
  readonly retryable?: boolean;
}

/** The root of all errors of Millrace. `message` is a sentence for the person who must act. */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: readonly Fault[] | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = catalogue[code].status;
    this.retryable = options.retryable ?? catalogue[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** The environment is unfit; every fault is listed, none shows a secret. */
export class ConfigError extends MillraceError {
  override readonly name = 'ConfigError';
  constructor(faults: readonly Fault[]) {
    const lines = faults.map((fault) => `  ${fault.path}: ${fault.message}`);
    super('CONFIG_INVALID', `The configuration has ${faults.length} fault(s):\n${lines.join('\n')}`, {
      details: faults,
    });
  }
}

/** A payload may have a fault for each of its thousands of items; nobody mends more than these at a time. */
const mostDetails = 100;
const mostListed = 5;

/** The first faults as one line; the rest is counted. */
export function listFaults(faults: readonly Fault[]): string {
  const list = faults.slice(0, mostListed).map((fault) => `${fault.path}: ${fault.message}`);
  const more = faults.length - list.length;
  return more > 0 ? `${list.join('; ')}; and ${more} more` : list.join('; ');
}

/** A payload that does not fit its job's schema, with the path of each wrong field. */
export class InvalidPayloadError extends MillraceError {
  override readonly name = 'InvalidPayloadError';
  constructor(queue: string, job: string, faults: readonly Fault[]) {
    super('INVALID_PAYLOAD', `The payload of ${queue}/${job} is invalid. ${listFaults(faults)}`, {
      details: faults.slice(0, mostDetails),
    });
  }
}

/** Thrown by a processor that knows that trying again is of no use. */
export class UnrecoverableError extends MillraceError {
  override readonly name = 'UnrecoverableError';
  constructor(message: string, options: ErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? 'UNKNOWN', message, { ...options, retryable: false });
  }
}

/** A provider told us to wait: the job is delayed for `retryAfterMs` and loses no attempt. */
export class RateLimitedError extends MillraceError {
  override readonly name = 'RateLimitedError';
  constructor(code: ErrorCode, message: string, retryAfterMs: number, cause?: unknown) {
    super(code, message, { retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)), cause });
  }
}
