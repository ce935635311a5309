import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFileLinks } from '../../src/http/file-links.ts';
import { at, jwtSecret, openSite, type Site, textAt } from '../support/site.ts';

const id = 'doc-1';
const content = randomBytes(200_000);
const fileName = 'Übersicht "Q1" 100%.pdf';

let site: Site;
beforeAll(async () => {
  site = await openSite();
  const { sha256, bytes } = await site.storage.put('reports/2026/doc-1.pdf', content);
  await site.world.database.documents.save({
    id,
    jobKey: 'document.1',
    userId: 'user-1',
    kind: 'analytics',
    format: 'pdf',
    title: 'Overview',
    fileName,
    contentType: 'application/pdf',
    bytes,
    pages: 3,
    rows: undefined,
    sha256,
    storageKey: 'reports/2026/doc-1.pdf',
  });
});
afterAll(() => site.close());

async function document() {
  const answer = await site.ask('GET', `/api/documents/${id}`, { token: await site.token('producer') });
  expect(answer.status).toBe(200);
  return at(answer.json, 'data.document');
}

/** The link as it leads to this test's own address. */
const here = (url: string) => new URL(url).pathname + new URL(url).search;
const fetchFile = (path: string, method = 'GET') => fetch(`${site.service.url}${path}`, { method });

describe('a document', () => {
  it('is told with a link that expires, and without where it is kept', async () => {
    const found = await document();
    expect(found).toMatchObject({
      id,
      title: 'Overview',
      fileName,
      contentType: 'application/pdf',
      bytes: content.length,
      pages: 3,
      rows: null,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    expect(textAt(found, 'url')).toMatch(
      /^http:\/\/millrace\.example\/files\/doc-1\/.*\?expires=\d+&signature=[\w-]{43}$/,
    );
    const expiresIn = Date.parse(textAt(found, 'urlExpiresAt')) - Date.now();
    expect(expiresIn).toBeGreaterThan(10 * 60_000);
    expect(expiresIn).toBeLessThanOrEqual(15 * 60_000 + 1_000);
    expect(JSON.stringify(found)).not.toContain('storageKey');
  });

  it('is shown to whoever had it made and to readers; one from before owners were kept to every service', async () => {
    const { documents } = site.world.database;
    const row = await documents.find(id);
    if (row === undefined) throw new Error('The document of these tests is gone.');
    await documents.save({ ...row, id: 'of-shop', addedBy: 'shop' });
    await documents.save({ ...row, id: 'of-the-platform', addedBy: '' });
    const [shop, another, viewer, operator, admin] = await Promise.all([
      site.token('producer', 'shop'),
      site.token('producer', 'another'),
      site.token('viewer'),
      site.token('operator'),
      site.token('admin'),
    ]);
    const statuses = (name: string) =>
      Promise.all(
        [shop, another, viewer, operator, admin].map(
          async (token) => (await site.ask('GET', `/api/documents/${name}`, { token })).status,
        ),
      );
    expect(await statuses('of-shop')).toEqual([200, 404, 200, 200, 200]);
    expect(await statuses('of-the-platform')).toEqual([404, 404, 200, 200, 200]);
    expect(await statuses(id)).toEqual([200, 200, 200, 200, 200]);
    const hidden = await site.ask('GET', '/api/documents/of-shop', { token: another });
    const none = await site.ask('GET', '/api/documents/of-nobody', { token: another });
    expect(hidden.text.replaceAll('of-shop', 'of-nobody')).toBe(none.text);
  });

  it('that there is not is 404', async () => {
    const answer = await site.ask('GET', '/api/documents/none', { token: await site.token('producer') });
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([404, 'DOCUMENT_NOT_FOUND']);
  });
});

describe('its link', () => {
  it('serves the file itself, with its type and name, to anybody', async () => {
    const response = await fetchFile(here(textAt(await document(), 'url')));
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe('application/pdf');
    expect(response.headers.get('Content-Length')).toBe(String(content.length));
    const disposition = response.headers.get('Content-Disposition') ?? '';
    expect(disposition).toMatch(/^attachment; /);
    expect(disposition).toContain(`filename*=UTF-8''%C3%9Cbersicht%20%22Q1%22%20100%25.pdf`);
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
  });

  it('answers HEAD without the file', async () => {
    const response = await fetchFile(here(textAt(await document(), 'url')), 'HEAD');
    expect(response.headers.get('Content-Length')).toBe(String(content.length));
  });

  it('is refused when expired, changed, of another document or another secret', async () => {
    const row = { id, fileName };
    const links = createFileLinks(jwtSecret, () => site.service.url);
    const valid = new URL(links.linkTo(row).url);
    const bad = {
      expired: links.linkTo(row, -2_000).url,
      longer: valid.href.replace(/expires=\d+/, 'expires=9999999999'),
      'of another document': valid.href.replace('/doc-1/', '/doc-2/'),
      'of another secret': createFileLinks(
        'another-secret-of-at-least-32-bytes!',
        () => site.service.url,
      ).linkTo(row).url,
      unsigned: `${valid.origin}${valid.pathname}`,
      'with two signatures': `${valid.href}&signature=x`,
      'with a signature cut short': valid.href.slice(0, -1),
    };
    for (const [what, url] of Object.entries(bad)) {
      const answer = await site.ask('GET', here(url));
      expect([what, answer.status, at(answer.json, 'error.code')]).toEqual([what, 403, 'FORBIDDEN']);
    }
    expect((await fetchFile(here(valid.href))).status).toBe(200);
  });

  it('to a file that is gone fails in our error shape, as JSON', async () => {
    await site.world.database.documents.save({
      id: 'doc-2',
      jobKey: 'document.2',
      userId: undefined,
      kind: 'analytics',
      format: 'csv',
      title: 'Gone',
      fileName: 'gone.csv',
      contentType: 'text/csv',
      bytes: 5,
      pages: undefined,
      rows: 1,
      sha256: '0'.repeat(64),
      storageKey: 'reports/gone.csv',
    });
    const { url } = createFileLinks(jwtSecret, () => site.service.url).linkTo({
      id: 'doc-2',
      fileName: 'gone.csv',
    });
    const answer = await site.ask('GET', here(url));
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([500, 'STORAGE_FAILED']);
    expect(answer.headers.get('Content-Type')).toContain('application/json');
    expect(answer.text).not.toContain(site.world.dataDir);
  });
});
