import { type ErrorEntry, entry } from './entry.ts';

/** Adding, finding and steering jobs. */
export const jobs = {
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
} as const satisfies Record<string, ErrorEntry>;
