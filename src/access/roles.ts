/** Who there is, from the least to the most. Which of them may do what stands in `permissions`, and nowhere else. */
export const roles = ['producer', 'viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

interface PermissionEntry {
  readonly roles: readonly Role[];
  /** What it lets one do, for `docs/permissions.md`. */
  readonly meaning: string;
}

const everybody = roles;
const services = ['producer', 'operator', 'admin'] as const;
const readers = ['viewer', 'operator', 'admin'] as const;
const operators = ['operator', 'admin'] as const;
const admins = ['admin'] as const;

/**
 * Which role may do what, in the API and in the pages alike. A producer is a service: it adds jobs and reads its own. A
 * viewer is a person who reads all that an operator reads, and changes nothing.
 */
export const permissions = {
  'jobs.add': entry(services, 'Add jobs'),
  'jobs.read-own': entry(everybody, 'Look at the jobs that one has added oneself'),
  'jobs.read': entry(readers, 'Look at all jobs'),
  'jobs.reveal': entry(
    admins,
    'See in jobs and dead letters what is masked otherwise; each look is in the audit log',
  ),
  'jobs.change': entry(operators, 'Cancel, retry, promote and remove jobs'),
  'queues.read': entry(readers, 'See counts, rates and workers of the queues'),
  'queues.change': entry(operators, 'Pause and resume queues, retry and remove their jobs as a whole'),
  'dead-letters.read': entry(readers, 'List and open dead letters'),
  'dead-letters.change': entry(operators, 'Replay and discard dead letters'),
  'schedules.read': entry(readers, 'See schedules, their ticks and jobs'),
  'schedules.change': entry(operators, 'Run schedules now, pause them, fill in what they missed'),
  'stories.read-own': entry(everybody, 'Read the stories that one has added, and their scores'),
  'stories.read': entry(readers, 'Read all stories and their scores'),
  'stories.change': entry(services, 'Add stories, and change those that one may read'),
  'documents.read-own': entry(everybody, 'See the documents that one has had made, with a link to each'),
  'documents.read': entry(readers, 'See all documents, with a link to each'),
  'mails.read': entry(readers, 'See which mails were sent and what became of them, addresses masked'),
  'mails.reveal': entry(
    admins,
    'See to whom mails went and, with the outbox, what they say; each look at a mail is in the audit log',
  ),
  'syncs.read': entry(readers, 'See syncs, what they brought, and the records that they could not read'),
  'cer-reports.add': entry(services, 'Ask for clinical evaluation reports'),
  'cer-reports.read-own': entry(everybody, 'Look at the reports that one has asked for, and fetch them'),
  'cer-reports.read': entry(readers, 'Look at all clinical evaluation reports, and fetch them'),
  'conversions.add': entry(services, 'Upload PDFs to be turned into XML'),
  'conversions.read-own': entry(
    everybody,
    'See what became of a PDF that one has uploaded, and fetch its XML',
  ),
  'conversions.read': entry(readers, 'See what became of all PDFs, and fetch their XML'),
  'providers.try': entry(operators, 'Send a test request to a provider'),
  'console.open': entry(readers, 'Sign in to the pages under /admin'),
  'audit.read': entry(admins, 'Read and export the audit log'),
  'tokens.manage': entry(admins, 'Make, list and revoke API tokens'),
} as const satisfies Record<string, PermissionEntry>;

export type Permission = keyof typeof permissions;

export const permissionNames: readonly Permission[] = Object.keys(permissions).filter(
  (name): name is Permission => Object.hasOwn(permissions, name),
);

function entry<const R extends readonly Role[]>(allowed: R, meaning: string) {
  return { roles: allowed, meaning };
}

/** Whether the role has the permission. */
export function may(role: Role, permission: Permission): boolean {
  const { roles: allowed }: PermissionEntry = permissions[permission];
  return allowed.includes(role);
}

/** Who asks, as a token or a session says. */
export interface Principal {
  readonly subject: string;
  readonly role: Role;
  /** A session remembers how its person signed in. */
  readonly via: SignInWay;
  readonly expiresAt: Date;
  /** For people: the name that an identity provider gives. */
  readonly name?: string;
  /** The session's own id, under which it is signed out; absent with a token. */
  readonly sessionId?: string;
  /** The id of the token, or of that from which the session was made; absent when it has none. */
  readonly tokenId?: string;
}

/** How somebody has proved who they are. `cli` acts on the machine itself and needs no proof but its configuration. */
export const signInWays = ['token', 'password', 'link', 'oidc', 'cli'] as const;
export type SignInWay = (typeof signInWays)[number];
