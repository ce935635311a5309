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

  // Where the entries stand in a row that is longer than the window, the one of this page is in sight.
  // (Not by scrollIntoView, which also moves where the Tab key goes on from.)
  const row = document.querySelector('nav.main');
  const current = row?.querySelector('[aria-current]');
  if (current) row.scrollLeft += current.getBoundingClientRect().left - row.clientWidth / 2;

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

  // Where it stands with the server: 'here', 'away' while it does not answer, 'gone' when it will not answer any more.
  let server = 'here';
  let paused = false;
  state.setAttribute('role', 'status');
  const again = document.createElement('a');
  again.href = location.href;
  again.textContent = 'Load the page again';
  const say = () => {
    const text = server === 'gone' ? 'No longer up to date.' : server === 'away' ? 'The server does not answer. What stands here is from before; it is asked again.'
      : paused ? 'Updates are paused.' : 'Updated every ' + seconds + ' s.';
    // Said anew only when it has changed, since screen readers read it out.
    if (state.textContent !== text) state.textContent = text;
    button.textContent = paused ? 'Go on' : 'Pause updates';
    button.hidden = server === 'gone';
    if (server === 'gone') line.append(again);
  };
  button.addEventListener('click', () => { paused = !paused; say(); });
  say();

  // Nothing changes under a hand that fills in a form, selects text, or has something open.
  const inUse = (part) => part.contains(document.activeElement) || part.querySelector('details[open]') !== null
    || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));

  const lookNow = async () => {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    // Signed out, not allowed any more, or no longer there: none of that passes by itself.
    if (answer.redirected || [401, 403, 404].includes(answer.status)) return 'gone';
    if (!answer.ok) return 'away';
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of parts) {
      const next = fresh.getElementById(part.id);
      if (next === null || inUse(part)) continue;
      part.replaceChildren(...next.childNodes);
      addCopyButtons(part);
    }
    return 'here';
  };
  const look = async () => {
    if (paused || server === 'gone' || document.hidden) return;
    // A server that restarts refuses connections for a while: what is shown stays, and the next look is the remedy.
    server = await lookNow().catch(() => 'away');
    say();
    if (server === 'gone') for (const { close } of streams) close();
    if (server === 'here') document.dispatchEvent(new CustomEvent('millrace:live'));
  };

  // Events say no more than that there is something new; several at once are one look.
  let soon;
  const hear = () => {
    clearTimeout(soon);
    soon = setTimeout(look, 150);
  };
  // Browsers hold six connections to a server for all tabs together: no more than four are for streams, one for each tab
  // that somebody sees. Tabs beyond that look from time to time. (Without locks, as over plain HTTP, each has its own.)
  const places = 4;
  const inPlace = (listen, place = 0) => {
    if (!navigator.locks) return listen();
    return navigator.locks.request('millrace-stream-' + place, { ifAvailable: true }, (lock) => {
      if (lock) return listen();
      if (place + 1 < places) inPlace(listen, place + 1);
    });
  };
  const follow = (address) => {
    let source;
    let leave;
    let over = false;
    const close = () => {
      source?.close();
      source = undefined;
      leave?.();
    };
    const listen = () => new Promise((resolve) => {
      if (source !== undefined || over || server === 'gone' || document.hidden) return resolve();
      leave = resolve;
      source = new EventSource(address);
      for (const kind of ['state', 'progress', 'log']) source.addEventListener(kind, hear);
      source.addEventListener('end', () => { over = true; close(); hear(); });
    });
    const open = () => {
      // A browser comes back by itself after a broken connection, but not after an answer that was no stream.
      if (source?.readyState === EventSource.CLOSED) close();
      if (source === undefined) inPlace(listen);
    };
    return { open, close };
  };
  const streams = parts.filter((part) => part.dataset.events).map((part) => follow(part.dataset.events));
  const openStreams = () => { for (const { open } of streams) open(); };
  openStreams();

  const tick = async () => {
    await look();
    if (server === 'here') openStreams();
    setTimeout(tick, seconds * 1000);
  };
  setTimeout(tick, seconds * 1000);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return streams.forEach(({ close }) => close());
    openStreams();
    return look();
  });
})();
`;
