import { noticeTypes, type Office, offices, setAsides } from './agencies.ts';
import { companyFields, companyNames, people } from './names.ts';
import { digits, hexDigits, type Random, ueiCharacters } from './random.ts';
import { type Subject, subjects } from './subjects.ts';

const msPerDay = 86_400_000;
const uiBase = 'https://sam.gov/workspace/contract/opp';
const apiBase = 'https://api.sam.gov/prod/opportunities';

/** A notice in the shape of Get Opportunities v2, with the gaps that real ones have. */
export type WireOpportunity = Readonly<Record<string, unknown>> & {
  readonly noticeId: string;
  readonly title: string;
  readonly postedDate: string;
};

/** Makes one notice, posted at most 364 days before `asOf`; a third of all in its last 30 days. */
export function makeOpportunity(random: Random, asOf: Date): WireOpportunity {
  const office = random.pick(offices);
  const subject = random.pick(subjects);
  const type = weighted(random, noticeTypes);
  const noticeId = random.characters(32, hexDigits);
  const posted = postedDay(random, asOf);
  const deadline = type === 'Award Notice' ? null : deadlineAfter(random, posted, office);
  const archive = new Date((deadline?.at ?? posted).getTime() + 15 * msPerDay);
  const [setAside, setAsideWords] = setAsideOf(random, type);
  return {
    noticeId,
    title: titleOf(random, office, subject, type),
    solicitationNumber: solicitationOf(random, office, posted, type),
    ...organisationOf(random, office),
    postedDate: dayOf(posted),
    type,
    baseType: type === 'Award Notice' ? 'Solicitation' : type,
    archiveType: random.chance(0.8) ? 'auto15' : 'autocustom',
    archiveDate: random.chance(0.04) ? null : dayOf(archive),
    typeOfSetAsideDescription: setAsideWords,
    typeOfSetAside: setAside,
    responseDeadLine: deadline?.text ?? null,
    naicsCode: subject.naics,
    naicsCodes: [subject.naics],
    classificationCode: subject.psc,
    active: archive.getTime() < asOf.getTime() ? 'No' : 'Yes',
    award: type === 'Award Notice' ? awardOf(random, office, subject, posted) : null,
    pointOfContact: random.chance(0.05) ? null : [contactOf(random, office)],
    description: descriptionOf(random, noticeId),
    organizationType: 'OFFICE',
    officeAddress: random.chance(0.03)
      ? null
      : { zipcode: office.zip, city: office.city.toUpperCase(), countryCode: 'USA', state: office.state },
    placeOfPerformance: placeOf(random, office),
    additionalInfoLink: null,
    uiLink: `${uiBase}/${noticeId}/view`,
    links: [{ rel: 'self', href: `${apiBase}/v2/search?noticeid=${noticeId}&limit=1` }],
    resourceLinks: resourcesOf(random),
  };
}

/** Weekdays only; the government does not post on Saturdays. */
function postedDay(random: Random, asOf: Date): Date {
  const back = random.chance(0.33) ? random.whole(0, 29) : random.whole(30, 361);
  const midnight = Date.UTC(asOf.getUTCFullYear(), asOf.getUTCMonth(), asOf.getUTCDate());
  const day = new Date(midnight - back * msPerDay);
  const weekend = (day.getUTCDay() + 1) % 7;
  return weekend < 2 ? new Date(day.getTime() - (weekend + 1) * msPerDay) : day;
}

function deadlineAfter(random: Random, posted: Date, office: Office): { at: Date; text: string } | null {
  if (random.chance(0.05)) return null;
  const day = dayOf(new Date(posted.getTime() + random.whole(5, 60) * msPerDay));
  const month = Number(day.slice(5, 7));
  // Close enough to daylight saving time, which Arizona does not keep.
  const summer = month > 3 && month < 11 && office.state !== 'AZ' ? 1 : 0;
  const hour = String(random.whole(10, 17)).padStart(2, '0');
  const text = `${day}T${hour}:00:00-0${office.hoursBehind - summer}:00`;
  return { at: new Date(text), text };
}

function titleOf(random: Random, office: Office, subject: Subject, type: string): string {
  const thing = random.pick(subject.things);
  const where = random.pick([
    `, ${office.city}`,
    ` - ${office.city}, ${office.state}`,
    '',
    ` (${office.stateName})`,
  ]);
  const ahead = random.pick(headsOf(type, subject));
  const behind = random.chance(0.12)
    ? random.pick([' (Amendment 0001)', ' | Base Plus Four Option Years', ' - Brand Name or Equal'])
    : '';
  return `${ahead}${thing}${where}${behind}`;
}

/** Offices put the product or service code, or the kind of the notice, before the words. */
function headsOf(type: string, subject: Subject): readonly [string, ...string[]] {
  const code = `${subject.psc}--`;
  if (type === 'Special Notice') return ['Notice of Intent to Sole Source: ', 'Industry Day: '];
  if (type === 'Sources Sought') return [code, 'Sources Sought: ', 'RFI - ', ''];
  return type.startsWith('Combined') ? [code, code, 'RFQ: ', ''] : [code, code, '', ''];
}

function solicitationOf(random: Random, office: Office, posted: Date, type: string): string | null {
  if (type === 'Special Notice' && random.chance(0.4)) return null;
  // The federal fiscal year begins in October.
  const year = (posted.getUTCFullYear() + (posted.getUTCMonth() >= 9 ? 1 : 0)) % 100;
  const kind = type.startsWith('Combined') ? 'Q' : type === 'Solicitation' ? 'R' : 'N';
  return `${office.prefix}${String(year).padStart(2, '0')}${kind}${random.characters(4, digits)}`;
}

/** A few have the older shape, one field for each level. */
function organisationOf(random: Random, office: Office): Record<string, string | null> {
  const levels = office.path.split('.');
  if (random.chance(0.97)) return { fullParentPathName: office.path, fullParentPathCode: office.code };
  return { department: levels[0] ?? null, subTier: levels[1] ?? null, office: levels.at(-1) ?? null };
}

function setAsideOf(random: Random, type: string): readonly [string | null, string | null] {
  if (type === 'Special Notice') return [null, null];
  const index = weighted(
    random,
    setAsides.map(([, , weight], position) => [position, weight] as const),
  );
  const [code = null, words = null] = setAsides[index] ?? [];
  return [code, words];
}

function awardOf(random: Random, office: Office, subject: Subject, posted: Date): object {
  const [least, most] = subject.dollars;
  // Most awards are small: the cube leans towards the lower end.
  const dollars = least + (most - least) * random.fraction() ** 3;
  const amount = dollars.toFixed(2);
  const name = `${random.pick(companyNames)} ${random.pick(companyFields)} ${random.pick(['LLC', 'Inc.', 'Corp.'])}`;
  return {
    date: dayOf(new Date(posted.getTime() - random.whole(1, 20) * msPerDay)),
    number: `${office.prefix}${random.characters(2, digits)}${random.pick(['P', 'C', 'F'])}${random.characters(4, digits)}`,
    amount: random.chance(0.8) ? amount : Number(amount),
    awardee: {
      name: name.toUpperCase(),
      ueiSAM: random.characters(12, ueiCharacters),
      location: {
        city: { code: random.characters(5, digits), name: office.city },
        state: { code: office.state },
        zip: office.zip,
        country: { code: 'USA' },
      },
    },
  };
}

function contactOf(random: Random, office: Office): object {
  const name = random.pick(people);
  return {
    fax: '',
    type: 'primary',
    email: `${name.toLowerCase().replace(' ', '.')}@${office.prefix.toLowerCase()}.agency.example`,
    phone: random.chance(0.2) ? null : `555-01${random.characters(2, digits)}`,
    title: random.chance(0.5) ? null : random.pick(['Contracting Officer', 'Contract Specialist']),
    fullName: name,
  };
}

function descriptionOf(random: Random, noticeId: string): string | null {
  if (random.chance(0.02)) return 'null';
  return random.chance(0.03) ? null : `${apiBase}/v1/noticedesc?noticeid=${noticeId}`;
}

function placeOf(random: Random, office: Office): object | null {
  if (random.chance(0.06)) return null;
  if (random.chance(0.05)) return {};
  const state = { code: office.state, name: office.stateName };
  const country = { code: 'USA', name: 'UNITED STATES' };
  if (random.chance(0.08)) return { state, country };
  return { city: { code: random.characters(5, digits), name: office.city }, state, zip: office.zip, country };
}

function resourcesOf(random: Random): string[] | null {
  if (random.chance(0.3)) return null;
  const one = () =>
    `https://sam.gov/api/prod/opps/v3/opportunities/resources/files/${random.characters(32, hexDigits)}/download`;
  return Array.from({ length: random.whole(1, 4) }, one);
}

/** One of the values, by weights that add up to 100. */
function weighted<T>(random: Random, entries: readonly (readonly [T, number])[]): T {
  let rest = random.fraction() * 100;
  let last: T | undefined;
  for (const [value, weight] of entries) {
    last = value;
    rest -= weight;
    if (rest < 0) return value;
  }
  if (last === undefined) throw new Error('Nothing to choose from.');
  return last;
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
