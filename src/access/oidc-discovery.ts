import type { ClientAuth, Configuration } from 'openid-client';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { textOf } from './oidc-faults.ts';
import type { Role } from './roles.ts';

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

const discoveryLifeMs = 3_600_000;
/** How long a provider that did not answer is not asked again, so that a rush of people does not wait one by one. */
const failureLifeMs = 3_000;
/** By how much clocks may differ. */
const clockToleranceSeconds = 30;

/** What a provider says of itself (OpenID Connect Discovery 1.0), remembered for an hour. */
export class ProviderDiscovery {
  readonly #settings: OidcSettings;
  #known: { readonly configuration: Configuration; readonly until: number } | undefined;
  #failed: { readonly error: unknown; readonly until: number } | undefined;
  #asking: Promise<Configuration> | undefined;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
  }

  /** @throws MillraceError OIDC_UNAVAILABLE */
  async configuration(): Promise<Configuration> {
    const now = Date.now();
    if (this.#known !== undefined && now < this.#known.until) return this.#known.configuration;
    if (this.#failed !== undefined && now < this.#failed.until) throw this.#failed.error;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<Configuration> {
    try {
      const configuration = await discover(this.#settings);
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

/** What is wrong with a provider, and what to do about it; `undefined` when nothing is. */
export async function examineProvider(settings: OidcSettings): Promise<string | undefined> {
  const { issuer } = settings;
  const document = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    await discover(settings);
    return undefined;
  } catch (error) {
    if (error instanceof MissingEndpoint)
      return `${document} names no ${error.endpoint}: it is no provider that people can sign in at. Check OIDC_ISSUER.`;
    const own = issuerIn(error);
    if (own !== undefined)
      return `The provider at ${issuer} calls itself ${own}. Set OIDC_ISSUER to that, to the letter, if it is the one that you mean.`;
    return `${document} does not answer as it should (${reasonOf(error)}). Check OIDC_ISSUER and this machine's way out; until then nobody can sign in through it.`;
  }
}

/** Asks the provider. @throws whatever the library does, and MissingEndpoint. */
async function discover(settings: OidcSettings): Promise<Configuration> {
  const client = await import('openid-client');
  const { issuer, clientId, clientSecret, timeoutSeconds = 10 } = settings;
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
  const metadata = configuration.serverMetadata();
  for (const endpoint of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const)
    if (metadata[endpoint] === undefined) throw new MissingEndpoint(endpoint);
  return configuration;
}

/** People cannot sign in without it (OpenID Connect Discovery 1.0, 3). */
class MissingEndpoint extends Error {
  readonly endpoint: string;
  constructor(endpoint: string) {
    super(`The provider names no ${endpoint}.`);
    this.endpoint = endpoint;
  }
}

/** The issuer that the provider named instead of the one that was asked. */
function issuerIn(error: unknown): string | undefined {
  const told = fields(fields(error).cause);
  return told.attribute === 'issuer' ? textOf(told.body, 'issuer') : undefined;
}

function reasonOf(error: unknown): string {
  const { cause } = fields(error);
  if (cause instanceof Response) return `status ${cause.status}, ${cause.headers.get('Content-Type')}`;
  return cause instanceof Error ? `${messageOf(error)}: ${messageOf(cause)}` : messageOf(error);
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(['cause', 'attribute', 'body'].map((key) => [key, Reflect.get(value, key)]));
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
