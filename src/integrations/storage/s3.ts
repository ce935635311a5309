import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { MillraceError } from '../../errors/catalogue.ts';
import { contentTypeOf } from './content-types.ts';
import { attachment } from './disposition.ts';
import { after, inPieces, takeIn } from './intake.ts';
import { keyParts } from './keys.ts';
import { outgoing } from './outgoing.ts';
import type { Storage } from './port.ts';
import { createProbe, probeKey } from './probe.ts';
import { s3Error } from './s3-errors.ts';
import { uploadInParts } from './s3-upload.ts';

export interface S3Options {
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Another service that speaks S3; the bucket then stands in the path and not in the host name. */
  readonly endpoint: string | undefined;
  readonly timeouts?: S3Timeouts;
}

export interface S3Timeouts {
  /** To connect, in ms. */
  readonly connectMs: number;
  /** From a request's beginning to its answer's, in ms. */
  readonly answerMs: number;
  /** Without a byte in either direction, in ms. */
  readonly idleMs: number;
}

/** A part of 8 MB has a minute and more on 1 Mbit/s. */
const defaultTimeouts: S3Timeouts = { connectMs: 5_000, answerMs: 120_000, idleMs: 60_000 };

/** Files up to this are one request that the SDK can repeat; larger ones go in parts of it, at most 10,000 of them. */
export const partBytes = 8 * 1024 * 1024;

/** The longest that a link of signature version 4 may be good for. */
const longestLinkSeconds = 7 * 24 * 3_600;

/**
 * Keeps files in a bucket of S3, or of a service that speaks its protocol. S3 shows a file when its last byte has come,
 * so a PUT, or the last step of an upload in parts, is what a rename is on a disk.
 */
export function createS3Storage(options: S3Options): Storage {
  const { bucket, region, timeouts = defaultTimeouts } = options;
  const client = new S3Client({
    region,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: timeouts.connectMs,
      requestTimeout: timeouts.answerMs,
      throwOnRequestTimeout: true,
      socketTimeout: timeouts.idleMs,
    },
  });
  const at = (key: string) => ({ Bucket: bucket, Key: keyParts(key).join('/') });
  const failed = (error: unknown, doing: string, key?: string) =>
    s3Error(error, doing, { bucket, region }, key);

  return {
    name: 's3',
    async put(key, content, signal) {
      const stored = await takeIn(content, signal, async ({ bytes, measured }) => {
        const target = { ...at(key), ContentType: contentTypeOf(key) };
        const pieces = inPieces(bytes, partBytes);
        // The source's failure is told from this by `takeIn`.
        const doing = `write ${key}`;
        try {
          const first = await pieces.next();
          const second = first.done === true ? first : await pieces.next();
          if (second.done !== true) {
            return await uploadInParts(client, target, after([first.value, second.value], pieces), signal);
          }
          const command = new PutObjectCommand({
            ...target,
            Body: first.value ?? new Uint8Array(),
            Metadata: { sha256: measured().sha256 },
          });
          await client.send(command, signal === undefined ? {} : { abortSignal: signal });
        } catch (error) {
          throw failed(error, doing);
        }
      });
      return { key, ...stored };
    },
    async get(key) {
      const doing = `read ${key}`;
      try {
        const { Body } = await client.send(new GetObjectCommand(at(key)));
        if (!(Body instanceof Readable)) throw new TypeError('The answer has no body.');
        return outgoing(Body, (cause) => failed(cause, doing));
      } catch (error) {
        throw failed(error, doing, key);
      }
    },
    async exists(key) {
      try {
        await client.send(new HeadObjectCommand(at(key)));
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw failed(error, `look for ${key}`);
      }
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand(at(key))).catch((error: unknown) => {
        throw failed(error, `remove ${key}`);
      });
    },
    async signedUrl(key, { expiresInSeconds, fileName, contentType }) {
      if (expiresInSeconds > longestLinkSeconds) {
        throw new MillraceError('STORAGE_FAILED', 'A link to a file in S3 is good for seven days at most.', {
          retryable: false,
        });
      }
      const command = new GetObjectCommand({
        ...at(key),
        ResponseContentType: contentType,
        ResponseContentDisposition: attachment(fileName),
      });
      return getSignedUrl(client, command, { expiresIn: expiresInSeconds }).catch((error: unknown) => {
        throw failed(error, `sign a link to ${key}`);
      });
    },
    check: createProbe({
      async write() {
        const probe = { Bucket: bucket, Key: probeKey };
        try {
          await client.send(new PutObjectCommand({ ...probe, Body: new Uint8Array() }));
          await client.send(new DeleteObjectCommand(probe));
        } catch (error) {
          throw failed(error, 'write');
        }
      },
      async look() {
        await client.send(new HeadBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
          throw failed(error, 'answer');
        });
      },
    }),
  };
}

/** The answer to a HEAD has no body to say more. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotFound';
}
