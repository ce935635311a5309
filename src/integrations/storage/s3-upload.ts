import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

export interface UploadTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly ContentType: string;
}

/** Parts on their way at once; with the one that is being filled, that bounds the memory of an upload. */
const partsAtOnce = 4;

/**
 * Stores pieces as one file that appears with its last step. Whatever ends an upload early, its parts are removed
 * before this rejects: S3 keeps and charges them for ever otherwise.
 */
export async function uploadInParts(
  client: S3Client,
  target: UploadTarget,
  pieces: AsyncIterator<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Not to be stopped: an upload that was begun but whose id did not arrive could not be removed.
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'CRC32' }),
  );
  const upload = { Bucket: target.Bucket, Key: target.Key, UploadId };
  const parts = createParts(client, upload, signal);
  try {
    for (let number = 1; ; number += 1) {
      signal?.throwIfAborted();
      const next = await parts.unlessFailed(pieces.next());
      if (next.done === true) break;
      await parts.send(number, next.value);
    }
    await client.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: await parts.all() } }),
    );
  } catch (error) {
    // A part that is still under way when the upload is removed may be kept nonetheless.
    await parts.stop();
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

interface Parts {
  /** Starts a part; resolves when there is room for another. */
  send(number: number, body: Uint8Array): Promise<void>;
  /** Waits for something else, but not longer than all is well. */
  unlessFailed<T>(other: Promise<T>): Promise<T>;
  all(): Promise<CompletedPart[]>;
  /** Resolves when no part is under way any more; never rejects. */
  stop(): Promise<void>;
}

function createParts(
  client: S3Client,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
  signal: AbortSignal | undefined,
): Parts {
  const stopped = new AbortController();
  const abortSignal = signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]);
  const underWay = new Set<Promise<void>>();
  const done: CompletedPart[] = [];
  let failure: { readonly cause: unknown } | undefined;
  let giveUp: ((cause: unknown) => void) | undefined;

  /** Not a race with one promise of failure: that would hold on to every piece that ever raced with it. */
  function unlessFailed<T>(other: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      giveUp = reject;
      if (failure !== undefined) reject(failure.cause);
      other.then(resolve, reject);
    }).finally(() => {
      giveUp = undefined;
    });
  }

  async function sendOne(PartNumber: number, Body: Uint8Array): Promise<void> {
    const command = new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: 'CRC32' });
    const { ETag, ChecksumCRC32 } = await client.send(command, { abortSignal });
    done.push({ PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) });
  }

  return {
    unlessFailed,
    async send(number, body) {
      const sending = sendOne(number, body)
        .catch((cause: unknown) => {
          failure ??= { cause };
          giveUp?.(cause);
        })
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
      while (underWay.size >= partsAtOnce) await unlessFailed(Promise.race(underWay));
    },
    async all() {
      await unlessFailed(Promise.all(underWay));
      return done.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    },
    async stop() {
      stopped.abort();
      await Promise.all(underWay);
    },
  };
}
