import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What is wrong with a request's signature, in S3's own code. */
export interface SignatureFault {
  readonly status: number;
  readonly code: string;
}

export interface SignatureRules {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Ms since 1970. */
  readonly clock: () => number;
}

const fault = (status: number, code: string): SignatureFault => ({ status, code });
const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const maxSkewMs = 15 * 60_000;

/**
 * Judges a request by signature version 4, in its headers or, for links, in its query
 * (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html).
 */
export function judgeSignature(request: IncomingMessage, rules: SignatureRules): SignatureFault | undefined {
  const url = new URL(request.url ?? '/', 'http://host');
  return url.searchParams.has('X-Amz-Signature')
    ? judgeLink(request, url, rules)
    : judgeHeaders(request, url, rules);
}

function judgeHeaders(request: IncomingMessage, url: URL, rules: SignatureRules): SignatureFault | undefined {
  const authorization = request.headers.authorization ?? '';
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    authorization,
  );
  if (parts === null) return fault(403, 'AccessDenied');
  const [, credential = '', signedHeaders = '', signature = ''] = parts;
  const date = String(request.headers['x-amz-date']);
  if (Math.abs(instantOf(date) - rules.clock()) > maxSkewMs) return fault(403, 'RequestTimeTooSkewed');
  const payload = String(request.headers['x-amz-content-sha256']);
  return judge(request, url, { credential, signedHeaders, signature, date, payload }, rules);
}

function judgeLink(request: IncomingMessage, url: URL, rules: SignatureRules): SignatureFault | undefined {
  const of = (name: string) => url.searchParams.get(name) ?? '';
  const date = of('X-Amz-Date');
  const seconds = Number(of('X-Amz-Expires'));
  if (!(seconds > 0 && seconds <= 604_800)) return fault(400, 'AuthorizationQueryParametersError');
  if (instantOf(date) + seconds * 1_000 < rules.clock()) return fault(403, 'AccessDenied');
  const signature = of('X-Amz-Signature');
  url.searchParams.delete('X-Amz-Signature');
  return judge(
    request,
    url,
    {
      credential: of('X-Amz-Credential'),
      signedHeaders: of('X-Amz-SignedHeaders'),
      signature,
      date,
      payload: 'UNSIGNED-PAYLOAD',
    },
    rules,
  );
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly payload: string;
}

function judge(
  request: IncomingMessage,
  url: URL,
  claim: Claim,
  rules: SignatureRules,
): SignatureFault | undefined {
  const [accessKeyId, day = '', region = '', service, end] = claim.credential.split('/');
  if (accessKeyId !== rules.accessKeyId) return fault(403, 'InvalidAccessKeyId');
  if (region !== rules.region || service !== 's3' || end !== 'aws4_request' || !claim.date.startsWith(day))
    return fault(400, 'AuthorizationHeaderMalformed');
  if (!claim.signedHeaders.split(';').includes('host')) return fault(403, 'SignatureDoesNotMatch');
  const path = url.pathname.split('/').map(decodeURIComponent).map(encode).join('/');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = claim.signedHeaders
    .split(';')
    .map(
      (name) =>
        `${name}:${String(request.headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}\n`,
    )
    .join('');
  const canonical = [request.method, path, query, headers, claim.signedHeaders, claim.payload].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', claim.date, scope, sha256(canonical)].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${rules.secretAccessKey}`, day), region), 's3'), 'aws4_request');
  const given = Buffer.from(claim.signature, 'hex');
  const right = hmac(key, toSign);
  return given.length === right.length && timingSafeEqual(given, right)
    ? undefined
    : fault(403, 'SignatureDoesNotMatch');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `20261122T120000Z` as ms since 1970. */
function instantOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
