import { S3ServiceException } from '@aws-sdk/client-s3';
import { MillraceError } from '../../errors/catalogue.ts';
import { noSuchFile } from './no-such-file.ts';

/** Which settings a message may advise to look at. */
export interface S3Place {
  readonly bucket: string;
  readonly region: string;
}

/**
 * What an error of S3 means for a job (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). Answers that will
 * be the same next time are not worth a retry; load, faults of S3's own and broken connections are.
 * @param doing what was tried, such as `write reports/a.pdf`.
 */
export function s3Error(error: unknown, doing: string, place: S3Place, key?: string): MillraceError {
  if (error instanceof MillraceError) return error;
  if (!(error instanceof S3ServiceException)) return connectionError(error, doing);
  const status = error.$metadata.httpStatusCode ?? 0;
  if (key !== undefined && (error.name === 'NoSuchKey' || error.name === 'NotFound')) return noSuchFile(key);
  const advice = adviceOn(error.name, status, place);
  const request =
    error.$metadata.requestId === undefined ? '' : ` S3 calls the request ${error.$metadata.requestId}.`;
  return new MillraceError(
    'STORAGE_FAILED',
    `S3 could not ${doing}: ${error.name} (${status}). ${advice}${request}`,
    { retryable: isPassing(error.name, status) },
  );
}

/** 4xx that pass by themselves. `NoSuchUpload`: a lifecycle rule swept the parts, and a new upload begins anew. */
const passing = new Set([
  'SlowDown',
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
  'NoSuchUpload',
]);

function isPassing(name: string, status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || passing.has(name);
}

function adviceOn(name: string, status: number, { bucket, region }: S3Place): string {
  switch (name) {
    case 'NoSuchBucket':
    case 'NotFound':
      return `There is no bucket ${bucket}: make it, or set AWS_S3_BUCKET to one that is there.`;
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'InvalidToken':
    case 'ExpiredToken':
      return 'The keys are refused: check AWS_ACCESS_KEY and AWS_SECRET_KEY.';
    case 'RequestTimeTooSkewed':
      return "This machine's clock is more than 15 minutes off: set it.";
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return `The bucket ${bucket} is not in ${region}: set AWS_REGION to its region.`;
    default:
      break;
  }
  if (status === 403) {
    return `The keys may not do this in ${bucket}: give them s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload and s3:ListBucket.`;
  }
  if (isPassing(name, status)) return 'It is tried again.';
  if (status === 301 || status === 307) return `The bucket ${bucket} is elsewhere: check AWS_REGION.`;
  return 'S3 takes the request for wrong, so it is not tried again.';
}

function connectionError(cause: unknown, doing: string): MillraceError {
  return new MillraceError(
    'STORAGE_FAILED',
    `S3 could not be reached to ${doing}, or broke off. Check the network and AWS_S3_ENDPOINT when it happens again.`,
    { cause, retryable: true },
  );
}
