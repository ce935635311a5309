import type { User } from '../integrations/database/port.ts';
import { companyFields, companyNames, people } from './names.ts';
import type { Random } from './random.ts';

/** Invented people; their addresses end in `.example`, which no mail can reach (RFC 2606). */
export function makeUser(random: Random, index: number): User {
  const name = people[index % people.length] ?? 'Ada Example';
  const company = random.chance(0.15)
    ? undefined
    : `${random.pick(companyNames)} ${random.pick(companyFields)}`;
  const domain = company === undefined ? 'mail' : company.toLowerCase().replaceAll(' ', '-');
  // The number keeps addresses apart when two people share a name and a company.
  const mailbox = `${name.toLowerCase().replace(' ', '.')}${index < people.length ? '' : index}`;
  return {
    id: `user-${String(index + 1).padStart(3, '0')}`,
    email: `${mailbox}@${domain}.example`,
    name,
    company,
  };
}
