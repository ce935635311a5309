import { MillraceError } from '../errors/catalogue.ts';
import { type OidcSettings, ProviderDiscovery } from './oidc-discovery.ts';
import { faultOf, refusal } from './oidc-faults.ts';
import { may, type Role, roles } from './roles.ts';

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

const longestText = 200;

/**
 * The provider as it is asked by us: authorization code with PKCE, state and nonce, id tokens checked by their signature.
 * It is first asked when somebody wants to sign in, so a provider that is down holds up no start, and no other way in.
 */
export class IdentityProvider {
  readonly #settings: OidcSettings;
  readonly #redirectUri: string;
  readonly #discovery: ProviderDiscovery;

  /** @param redirectUri where people come back to, exactly as it is registered at the provider. */
  constructor(settings: OidcSettings, redirectUri: string) {
    this.#settings = settings;
    this.#redirectUri = redirectUri;
    this.#discovery = new ProviderDiscovery(settings);
  }

  /**
   * Where to send somebody who wants to sign in.
   * @throws MillraceError OIDC_UNAVAILABLE
   */
  async depart(): Promise<{ readonly url: URL; readonly departure: Departure }> {
    const client = await import('openid-client');
    const configuration = await this.#discovery.configuration();
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
    const configuration = await this.#discovery.configuration();
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
    // Our own session ends whatever becomes of the provider's: one that is away must keep nobody signed in.
    const configuration = await this.#discovery.configuration().catch(() => undefined);
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
