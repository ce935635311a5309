import { may, type Permission, type Principal } from '../access/roles.ts';

/**
 * Whether the caller may see what this one has added: their own, what is from before owners were kept or came past the API,
 * and all with a permission. Answer anybody else as if there were none, so that ids tell a producer nothing.
 * @param addedBy empty when the platform made it by itself.
 */
export function mayRead({ subject, role }: Principal, addedBy: string | undefined, all: Permission): boolean {
  return addedBy === undefined || (addedBy !== '' && addedBy === subject) || may(role, all);
}
