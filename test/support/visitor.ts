import { type Answer, adminPassword, ask } from './site.ts';

const asPerson = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const fromHere = { ...asPerson, 'Sec-Fetch-Site': 'same-origin' };
export const fromElsewhere = { ...asPerson, 'Sec-Fetch-Site': 'cross-site' };

/** As much of a browser as forms and cookies need; it follows no redirects. */
export class Visitor {
  readonly #base: () => string;
  readonly cookies = new Map<string, string>();

  /** @param base the address of the site, without a slash at its end. */
  constructor(base: () => string) {
    this.#base = base;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('GET', path, { headers: { ...asPerson, ...headers } });
  }

  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = fromHere) {
    return this.#ask('POST', path, { headers, body: new URLSearchParams(fields) });
  }

  async formToken(path = '/admin/sign-in'): Promise<string> {
    const found = /name="formToken" value="([^"]+)"/.exec((await this.get(path)).text)?.[1];
    if (found === undefined) throw new Error(`${path} has no form.`);
    return found;
  }

  async signIn(fields: Record<string, string> = { user: 'admin', password: adminPassword }): Promise<Answer> {
    return this.post('/admin/sign-in', { formToken: await this.formToken(), ...fields });
  }

  /** The value of a cookie, under its own name or the one that it has over https. */
  cookie(name: string): string | undefined {
    return this.cookies.get(name) ?? this.cookies.get(`__Host-${name}`);
  }

  async #ask(
    method: string,
    path: string,
    { headers, body }: { headers: Record<string, string>; body?: URLSearchParams },
  ): Promise<Answer> {
    const Cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await ask(`${this.#base()}${path}`, method, { body, headers: { ...headers, Cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }
}
