import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const oidcClient = { id: 'millrace-test', secret: 'a secret: with / odd + letters' } as const;

export interface ForgedToken {
  /** Over those of an honest token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** How it is signed: as promised, by a key that nobody knows, not at all, or with the secret of the client. */
  readonly signed?: 'well' | 'by-another' | 'none' | 'secret';
}

/** A provider (OpenID Connect Core 1.0) that keeps to the rules until it is told what to forge. */
export interface FakeOidc {
  readonly issuer: string;
  /** How it answers: as it should, with 503, never, with a page, as somebody else, or as one that nobody can sign in at. */
  behave: 'well' | 'ill' | 'silent' | 'no-json' | 'stranger' | 'doorless';
  /** How often it was asked for what it is. */
  discoveries: number;
  /** A code for somebody who was sent there by `departure`, as if they had signed in. */
  code(departure: URL, claims?: Readonly<Record<string, unknown>>, token?: ForgedToken): string;
  close(): Promise<void>;
}

interface Grant {
  readonly departure: URL;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly token: ForgedToken;
}

export async function startFakeOidc(): Promise<FakeOidc> {
  const keys = await generateKeyPair('RS256');
  const others = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const grants = new Map<string, Grant>();
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider listens on no port.');
  const issuer = `http://127.0.0.1:${address.port}/tenant`;

  const fake: FakeOidc = {
    issuer,
    behave: 'well',
    discoveries: 0,
    code(departure, claims = {}, token = {}) {
      const code = `code-${grants.size + 1}`;
      grants.set(code, { departure, claims, token });
      return code;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { pathname } = new URL(request.url ?? '/', issuer);
    if (pathname.endsWith('/openid-configuration')) fake.discoveries += 1;
    if (fake.behave === 'silent') return;
    if (fake.behave === 'ill') return send(response, 503, {});
    if (fake.behave === 'no-json') return void response.end('<html>maintenance</html>');
    switch (pathname) {
      case '/tenant/.well-known/openid-configuration':
        return send(response, 200, {
          issuer: fake.behave === 'stranger' ? 'https://id.example' : issuer,
          ...(fake.behave === 'doorless' ? {} : { authorization_endpoint: `${issuer}/authorize` }),
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          end_session_endpoint: `${issuer}/end`,
          id_token_signing_alg_values_supported: ['RS256'],
          code_challenge_methods_supported: ['S256'],
        });
      case '/tenant/jwks':
        return send(response, 200, { keys: [jwk] });
      case '/tenant/token':
        return token(request, new URLSearchParams(body), response);
      default:
        return send(response, 404, {});
    }
  }

  async function token(
    request: IncomingMessage,
    form: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    if (!knows(request.headers.authorization)) return send(response, 401, { error: 'invalid_client' });
    const code = form.get('code') ?? '';
    const grant = grants.get(code);
    // A code is good once (RFC 6749, 4.1.2).
    grants.delete(code);
    const wanted = grant?.departure.searchParams;
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (
      grant === undefined ||
      wanted?.get('redirect_uri') !== form.get('redirect_uri') ||
      wanted?.get('code_challenge') !== challenge
    )
      return send(response, 400, { error: 'invalid_grant' });
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: issuer,
      aud: oidcClient.id,
      sub: 'sub-1',
      iat: now,
      exp: now + 300,
      nonce: wanted?.get('nonce') ?? '',
      ...grant.claims,
      ...grant.token.claims,
    };
    send(response, 200, {
      access_token: 'access',
      token_type: 'Bearer',
      id_token: await sign(claims, grant.token.signed ?? 'well'),
    });
  }

  function sign(claims: JWTPayload, signed: NonNullable<ForgedToken['signed']>): Promise<string> | string {
    const jwt = new SignJWT(claims);
    switch (signed) {
      case 'well':
        return jwt.setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(keys.privateKey);
      case 'by-another':
        return jwt.setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(others.privateKey);
      case 'secret':
        return jwt.setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(Buffer.from(oidcClient.secret));
      case 'none': {
        const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none' })}.${part(claims)}.`;
      }
    }
  }
}

/** Both parts are form-encoded before they are joined (RFC 6749, 2.3.1). */
function knows(header: string | undefined): boolean {
  const [id = '', secret = ''] = Buffer.from(header?.replace(/^Basic /, '') ?? '', 'base64')
    .toString()
    .split(':');
  const decode = (part: string) => decodeURIComponent(part.replaceAll('+', ' '));
  return decode(id) === oidcClient.id && decode(secret) === oidcClient.secret;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
