import type { ClientAuth, Configuration } from 'openid-client';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { may, type Role, roles } from './roles.ts';

/** How people sign in at an identity provider (OpenID Connect Core 1.0). */
export interface OidcSettings {
  /** As the provider calls itself; `/.well-known/openid-configuration` is below it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client, whose proof is PKCE alone. */
  readonly clientSecret: string | undefined;
  readonly scopes: string;
  /** The claim that says what somebody may do: its name, or a path with dots to it. A text or a list of texts. */
  readonly roleClaim: string;
  /** Which value of the claim is which role. */
  readonly roles: ReadonlyMap<string, Role>;
  /** How long the provider may take for one answer, in seconds; 10 when absent. */
  readonly timeoutSeconds?: number;
}

/** What must be remembered of a person who is at the provider: it ties their way back to their way there. */
export interface Departure {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Who came back. `role` is absent when the provider gives them none of ours. */
export interface Arrival {
  readonly subject: string;
  readonly name: string | undefined;
  readonly role: Role | undefined;
}

const discoveryLifeMs = 3_600_000;
/** How long a provider that did not answer is not asked again, so that a rush of people does not wait one by one. */
const failureLifeMs = 3_000;
/** By how much clocks may differ. */
const clockToleranceSeconds = 30;
const longestText = 200;

/**
 * The provider as it is asked by us: authorization code with PKCE, state and nonce, id tokens checked by their signature.
 * It is first asked when somebody wants to sign in, so a provider that is down holds up no start, and no other way in.
 */
export class IdentityProvider {
  readonly #settings: OidcSettings;
  readonly #redirectUri: string;
  #known: { readonly configuration: Configuration; readonly until: number } | undefined;
  #failed: { readonly error: unknown; readonly until: number } | undefined;
  #asking: Promise<Configuration> | undefined;

  /** @param redirectUri where people come back to, exactly as it is registered at the provider. */
  constructor(settings: OidcSettings, redirectUri: string) {
    this.#settings = settings;
    this.#redirectUri = redirectUri;
  }

  /**
   * Where to send somebody who wants to sign in.
   * @throws MillraceError OIDC_UNAVAILABLE
   */
  async depart(): Promise<{ readonly url: URL; readonly departure: Departure }> {
    const client = await import('openid-client');
    const configuration = await this.#configuration();
    const departure: Departure = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUri,
      scope: this.#settings.scopes,
      state: departure.state,
      nonce: departure.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(departure.codeVerifier),
      code_challenge_method: 'S256',
    });
    return { url, departure };
  }

  /**
   * Who has come back, by a code that is good once.
   * @param query of the address that they came back to.
   * @throws MillraceError OIDC_REFUSED when they may not be believed; OIDC_UNAVAILABLE.
   */
  async arrive(query: string, { state, nonce, codeVerifier }: Departure): Promise<Arrival> {
    const client = await import('openid-client');
    const configuration = await this.#configuration();
    try {
      const address = new URL(`${this.#redirectUri}${query}`);
      const tokens = await client.authorizationCodeGrant(configuration, address, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new MillraceError('OIDC_REFUSED', refusal('no id token'));
      const told = claimOf(claims, this.#settings.roleClaim) !== undefined;
      // Many providers say in the id token who somebody is, and all else on being asked.
      const asks = !told && configuration.serverMetadata().userinfo_endpoint !== undefined;
      const more = asks ? await client.fetchUserInfo(configuration, tokens.access_token, claims.sub) : {};
      const all: Readonly<Record<string, unknown>> = { ...more, ...claims };
      return {
        subject: oneLine(claims.sub),
        name: nameOf(all),
        role: this.#roleOf(claimOf(all, this.#settings.roleClaim)),
      };
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Where somebody ends their session at the provider as well; `undefined` when it has no such page, or is away. */
  async signOutUrl(): Promise<string | undefined> {
    const client = await import('openid-client');
    const configuration = await this.#configuration().catch(() => undefined);
    if (configuration?.serverMetadata().end_session_endpoint === undefined) return undefined;
    return client.buildEndSessionUrl(configuration).href;
  }

  /** Those with several values get the most that one of them gives. */
  #roleOf(claim: unknown): Role | undefined {
    const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
    const given = values.map((value) =>
      typeof value === 'string' ? this.#settings.roles.get(value) : undefined,
    );
    return roles.findLast((role) => may(role, 'console.open') && given.includes(role));
  }

  async #configuration(): Promise<Configuration> {
    const now = Date.now();
    if (this.#known !== undefined && now < this.#known.until) return this.#known.configuration;
    if (this.#failed !== undefined && now < this.#failed.until) throw this.#failed.error;
    this.#asking ??= this.#discover().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #discover(): Promise<Configuration> {
    const client = await import('openid-client');
    const { issuer, clientId, clientSecret, timeoutSeconds = 10 } = this.#settings;
    try {
      const configuration = await client.discovery(
        new URL(issuer),
        clientId,
        { [client.clockTolerance]: clockToleranceSeconds },
        clientSecret === undefined ? client.None() : proofOf(client, clientSecret),
        {
          timeout: timeoutSeconds,
          execute: [
            // TLS says from whom a token comes; its signature says so to whoever looks at it alone.
            client.enableNonRepudiationChecks,
            ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
          ],
        },
      );
      this.#known = { configuration, until: Date.now() + discoveryLifeMs };
      this.#failed = undefined;
      return configuration;
    } catch (error) {
      const fault = new MillraceError(
        'OIDC_UNAVAILABLE',
        'The identity provider does not answer as it should. Try again in a while, or sign in another way.',
        { cause: error },
      );
      // What it said an hour ago is still better than nothing.
      const { configuration } = this.#known ?? {};
      this.#failed = { error: fault, until: Date.now() + failureLifeMs };
      if (configuration === undefined) throw fault;
      this.#known = { configuration, until: Date.now() + failureLifeMs };
      return configuration;
    }
  }
}

/** The secret in the header, as every provider should take it (OpenID Connect Core, 9), or in the body where it says so. */
function proofOf(client: typeof import('openid-client'), secret: string): ClientAuth {
  const basic = client.ClientSecretBasic(secret);
  const post = client.ClientSecretPost(secret);
  return (server, ...rest) => {
    const { token_endpoint_auth_methods_supported: methods } = server;
    const onlyPost =
      methods?.includes('client_secret_post') === true && !methods.includes('client_secret_basic');
    (onlyPost ? post : basic)(server, ...rest);
  };
}

/** A claim by its name, which may have dots itself (`https://example.com/roles`), or by a path (`realm_access.roles`). */
export function claimOf(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function nameOf({
  name,
  preferred_username: user,
  email,
}: Readonly<Record<string, unknown>>): string | undefined {
  const found = [name, user, email].find((value) => typeof value === 'string' && value.trim() !== '');
  return typeof found === 'string' ? oneLine(found) : undefined;
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .trim()
    .slice(0, longestText);
}

/** Codes of the library that tell of a provider that is away or ill, and not of an answer that must not be believed. */
const awayCodes = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

function faultOf(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const name = textOf(error, 'name');
  const code = textOf(error, 'code') ?? name ?? 'unknown';
  const said = textOf(error, 'error');
  if (said === 'invalid_client' || said === 'unauthorized_client') {
    const message =
      'The identity provider does not know this platform: check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.';
    return new MillraceError('OIDC_UNAVAILABLE', message, { cause: error });
  }
  if (said === 'invalid_grant') {
    const message = 'This sign-in was used before, or took too long. Sign in again.';
    return new MillraceError('OIDC_REFUSED', message, { cause: error });
  }
  // Anybody can lead somebody here with words of their own, so only what looks like a code is shown.
  if (said !== undefined) {
    return new MillraceError('OIDC_REFUSED', refusal(/^[a-z_]{1,40}$/.test(said) ? said : 'refused'), {
      cause: error,
    });
  }
  if (awayCodes.has(code) || messageOf(error) === 'fetch failed') {
    const message = 'The identity provider does not answer. Try again in a while, or sign in another way.';
    return new MillraceError('OIDC_UNAVAILABLE', message, { cause: error });
  }
  return new MillraceError('OIDC_REFUSED', refusal(code), { cause: error });
}

function refusal(code: string): string {
  return `The identity provider's answer was not taken (${code}). Sign in again; if that does not help, tell whoever runs it.`;
}

function textOf(value: unknown, key: string): string | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : undefined;
}
