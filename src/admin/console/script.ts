/**
 * The console's script, as text so that a build needs to copy nothing. It only adds to pages that work without it: parts
 * marked `data-live` are fetched anew, and ids marked `data-copy` get a button.
 */
export const script = `'use strict';
(() => {
  // Ids: a button that copies them, where the browser lets us.
  const addCopyButtons = (root) => {
    if (!navigator.clipboard) return;
    for (const id of root.querySelectorAll('[data-copy]')) {
      if (id.querySelector('button')) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'copy';
      button.textContent = 'Copy';
      button.setAttribute('aria-label', 'Copy ' + id.dataset.copy);
      button.addEventListener('click', async () => {
        try {
          await navigator.clipboard.writeText(id.dataset.copy);
          button.textContent = 'Copied';
        } catch {
          button.textContent = 'Not copied';
        }
        setTimeout(() => { button.textContent = 'Copy'; }, 2000);
      });
      id.append(button);
    }
  };
  addCopyButtons(document);

  // Live parts: the page is fetched again, and what is in it under the same id takes the place of what is shown.
  const parts = [...document.querySelectorAll('[data-live]')];
  if (parts.length === 0) return;
  const seconds = Math.max(1, Math.min(...parts.map((part) => Number(part.dataset.live) || 10)));
  const line = document.createElement('p');
  line.className = 'live';
  const state = document.createElement('span');
  const button = document.createElement('button');
  button.type = 'button';
  line.append(state, ' ', button);
  parts[0].before(line);

  let paused = false;
  let gone = false;
  const say = () => {
    state.textContent = gone ? 'No longer up to date: load the page again.' : paused ? 'Updates are paused.' : 'Updated every ' + seconds + ' s.';
    button.textContent = paused ? 'Go on' : 'Pause updates';
    button.hidden = gone;
  };
  button.addEventListener('click', () => { paused = !paused; say(); });
  say();

  // Nothing changes under a hand that fills in a form, selects text, or has something open.
  const inUse = (part) => part.contains(document.activeElement) || part.querySelector('details[open]') !== null
    || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));

  const look = async () => {
    if (paused || gone || document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (answer.redirected || answer.status === 401 || answer.status === 403) {
      gone = true;
      return say();
    }
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of parts) {
      const next = fresh.getElementById(part.id);
      if (next === null || inUse(part)) continue;
      part.replaceChildren(...next.childNodes);
      addCopyButtons(part);
    }
    document.dispatchEvent(new CustomEvent('millrace:live'));
  };
  // Events say no more than that there is something new; several at once are one look.
  let soon;
  for (const part of parts) {
    if (!part.dataset.events) continue;
    const source = new EventSource(part.dataset.events);
    const hear = () => {
      clearTimeout(soon);
      soon = setTimeout(() => { look().catch(() => undefined); }, 150);
    };
    for (const kind of ['state', 'progress', 'log']) source.addEventListener(kind, hear);
    source.addEventListener('end', () => { source.close(); hear(); });
  }
  const again = () => setTimeout(() => look().catch(() => undefined).finally(again), seconds * 1000);
  again();
  document.addEventListener('visibilitychange', () => { look().catch(() => undefined); });
})();
`;
