import { attachmentDocumentId } from '../../processors/document/attachment/naming.ts';
import type { OwnedThing } from '../../queues/define.ts';
import { may, type Permission, type Principal } from '../access/roles.ts';
import type { Fault } from '../errors/catalogue.ts';
import type { Database } from '../integrations/database/port.ts';
import { ownFolders } from '../integrations/storage/port.ts';
import type { Reference, ReferenceCheck } from '../queue/references.ts';
import { mayRead } from './owned.ts';

/** What becomes of a thing that a payload names. */
interface Rule {
  /** Who has it may name everything of this kind. */
  readonly all: Permission;
  mayName(id: string, principal: Principal): Promise<boolean>;
  /** The same for what is not there and for what is another's. */
  readonly refusal: string;
}

/** Lookups that are under way at once: each is a round trip, and others need the database too. */
const atOnce = 20;

const ownPlaces: ReadonlySet<string> = new Set(Object.values(ownFolders));

/** Whether somebody who adds a job may name what its payload names: what they may see, and nothing that they may not. */
export class NamedThings {
  readonly #rules: Readonly<Record<OwnedThing, Rule>>;

  constructor(database: Pick<Database, 'documents' | 'stories' | 'cerReports' | 'conversions'>) {
    const { documents, stories, cerReports, conversions } = database;
    this.#rules = {
      document: owned('documents.read', 'document', async (id) => await documents.find(id)),
      story: owned('stories.read', 'story', async (id) => await stories.find(id)),
      'cer-report': owned('cer-reports.read', 'report', async (id) => {
        const report = await cerReports.find(id);
        return report === undefined ? undefined : { addedBy: report.subject };
      }),
      conversion: owned('conversions.read', 'conversion', async (id) => await conversions.find(id)),
      attachment: {
        all: 'documents.read',
        // Its id is chosen by who adds it, and its own job may be under way: so one that is not there may be named.
        async mayName(id, principal) {
          const document = await documents.find(attachmentDocumentId(id));
          return document === undefined || mayRead(principal, document.addedBy, 'documents.read');
        },
        refusal: 'is taken: use an id of your own, or add the attachment under one',
      },
      file: {
        all: 'documents.read',
        // Some file systems do not tell small letters from capitals.
        mayName: async (key) => !ownPlaces.has(key.split('/', 1).join('').toLowerCase()),
        refusal: 'is where the platform keeps its own files: name the file by its url',
      },
    };
  }

  /** The check for this caller; `undefined` when there is nothing that they may not name. */
  checkFor(principal: Principal): ReferenceCheck | undefined {
    const rules = Object.values(this.#rules);
    if (rules.every(({ all }) => may(principal.role, all))) return undefined;
    return async (references) => {
      const asked = new Map<string, Promise<boolean>>();
      const faults: Fault[] = [];
      for (let from = 0; from < references.length; from += atOnce) {
        const some = references.slice(from, from + atOnce);
        const allowed = await Promise.all(some.map((each) => this.#ask(each, principal, asked)));
        for (const [at, { thing, path }] of some.entries()) {
          if (allowed[at] !== true) faults.push({ path, message: this.#rules[thing].refusal });
        }
      }
      return faults;
    };
  }

  /** A thousand jobs may name the same thing. */
  #ask(
    { thing, id }: Reference,
    principal: Principal,
    asked: Map<string, Promise<boolean>>,
  ): Promise<boolean> {
    const rule = this.#rules[thing];
    if (may(principal.role, rule.all)) return Promise.resolve(true);
    const key = `${thing} ${id}`;
    const answer = asked.get(key) ?? rule.mayName(id, principal);
    asked.set(key, answer);
    return answer;
  }
}

function owned(
  all: Permission,
  noun: string,
  find: (id: string) => Promise<{ readonly addedBy?: string | undefined } | undefined>,
): Rule {
  return {
    all,
    async mayName(id, principal) {
      const found = await find(id);
      return found !== undefined && mayRead(principal, found.addedBy, all);
    },
    refusal: `is the id of no ${noun} that you may use`,
  };
}
