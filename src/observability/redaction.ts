/** Replaces secrets in any text that leaves the process: messages, stacks, logs, alerts. */
export type Redact = (text: string) => string;

const mask = '[redacted]';

/** Credentials by their look, for those that came from elsewhere than our own configuration. */
const patterns: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${mask}`],
  [/\bSG\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]+)?/g, mask],
  [/\bsk-[A-Za-z0-9_-]{8,}/g, mask],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, mask],
  [/([?&](?:api_key|apikey|token|signature|key|password)=)[^&\s"'<>]+/gi, `$1${mask}`],
  // Up to the last @: an unencoded one in a password must not end it early.
  [/(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]*:)[^\s/]+(@)/gi, `$1${mask}$2`],
];

/** A secret shorter than this would mask ordinary words. */
const shortestSecret = 6;

/** Builds the redactor for the secrets of this process's configuration. */
export function createRedactor(secrets: readonly string[] = []): Redact {
  const exact = secrets
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap(writings)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of exact) clean = clean.replaceAll(secret, mask);
    for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
    return clean;
  };
}

/** A secret as it is, in an address, and inside JSON. */
function writings(secret: string): string[] {
  return [
    ...new Set([secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)]),
  ];
}

/** Fields whose values pino drops wherever a log line bears them. */
export const redactedPaths = [
  'authorization',
  '*.authorization',
  'headers.authorization',
  'headers.cookie',
  'password',
  '*.password',
  'apiKey',
  '*.apiKey',
  'html',
  '*.html',
];
