import { z } from 'zod';
import { isPasswordHash } from '../../src/access/passwords.ts';
import { text, type Variable, variable } from './define.ts';

const adminPassword = z
  .string()
  .min(8, 'must have at least 8 characters')
  .refine(
    (value) => !value.startsWith('scrypt:') || isPasswordHash(value),
    'begins as a hash does, but is none: make one with `millrace password`',
  );

/** Roles of people; `producer` is for services. */
const consoleRoles = ['viewer', 'operator', 'admin'] as const;
type ConsoleRole = (typeof consoleRoles)[number];

const loopback = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/|$)/;
/** As the provider calls itself, to the letter: it is compared with what stands in its tokens. */
const oidcIssuer = z
  .url({ protocol: /^https?$/, error: 'must be an https address' })
  .refine(
    (url) => url.startsWith('https:') || loopback.test(url),
    'must be an https address; http is for a provider on this machine',
  );
/** `value=role,...`; a value may have `=` in it. */
const oidcRoles = z.string().transform((list, context): ReadonlyMap<string, ConsoleRole> => {
  const found = new Map<string, ConsoleRole>();
  for (const pair of list.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.lastIndexOf('=');
    const value = pair.slice(0, Math.max(0, at)).trim();
    const role = consoleRoles.find((known) => known === pair.slice(at + 1).trim());
    if (value === '' || role === undefined) {
      const message = `must be pairs of a value and a role (${consoleRoles.join(', ')}), for example "ops=operator,heads=admin"`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    found.set(value, role);
  }
  return found;
});

/** Who may come in, and as what. */
export const signIn = {
  JWT_SECRET: variable(z.string().min(32, 'must have at least 32 bytes').optional(), {
    derived: 'required in production; development makes one',
    description: 'HS256 secret for API and admin tokens, at least 32 bytes',
    secret: true,
  }),
  ADMIN_USER: variable(text, { default: 'admin', description: 'Name for the sign-in to `/admin`' }),
  ADMIN_PASSWORD: variable(adminPassword.optional(), {
    derived: 'required in production; development prints a one-time link',
    description: 'Its password, or a hash of it as `millrace password` makes one',
    secret: true,
  }),
  OIDC_ISSUER: variable(oidcIssuer.optional(), {
    description:
      'Identity provider (OpenID Connect) at which people sign in as well; it must know `APP_URL` with `/admin/sign-in/oidc/callback` as redirect URI',
  }),
  OIDC_CLIENT_ID: variable(text.optional(), { description: 'What the provider calls this platform' }),
  OIDC_CLIENT_SECRET: variable(text.optional(), {
    description: 'Its secret there; none for a public client',
    secret: true,
  }),
  OIDC_SCOPES: variable(text, {
    default: 'openid profile email',
    description: 'What is asked of the provider; roles may want a scope of their own',
  }),
  OIDC_ROLE_CLAIM: variable(text, {
    default: 'roles',
    description: 'Claim that holds what somebody may do: its name, or a path such as `realm_access.roles`',
  }),
  OIDC_ROLES: variable(oidcRoles, {
    default: 'viewer=viewer,operator=operator,admin=admin',
    description: 'Which of its values is which role, as `value=role,...`; whoever has none is not let in',
  }),
} as const satisfies Record<string, Variable>;
