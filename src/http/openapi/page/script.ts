/**
 * The script of the API's page, as text so that a build needs to copy nothing: it opens what an address names, finds
 * operations, and sends what a form says. The token stays in its field; nothing is stored.
 */
export const script = `'use strict';
(() => {
  const token = document.getElementById('token');
  const found = document.getElementById('found');
  const find = document.getElementById('find');
  const operations = [...document.querySelectorAll('.operation')];
  for (const id of ['bearer', 'finding']) document.getElementById(id).hidden = false;
  for (const form of document.querySelectorAll('form.try')) form.hidden = false;

  const openNamed = () => {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named || !named.matches('details')) return;
    named.open = true;
    named.scrollIntoView();
  };
  addEventListener('hashchange', openNamed);
  openNamed();

  find.addEventListener('input', () => {
    const words = find.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const operation of operations) {
      const text = operation.querySelector('summary').textContent.toLowerCase();
      operation.hidden = !words.every((word) => text.includes(word));
      if (!operation.hidden) count += 1;
    }
    for (const section of document.querySelectorAll('main section')) {
      section.hidden = words.length > 0 && section.querySelector('.operation:not([hidden])') === null;
    }
    found.textContent = words.length === 0 ? '' : count + (count === 1 ? ' operation' : ' operations');
  });

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className !== undefined) made.className = className;
    return made;
  };

  const requestOf = (form) => {
    const headers = new Headers();
    const query = new URLSearchParams();
    let path = form.dataset.path;
    const data = new FormData();
    let body;
    for (const field of form.querySelectorAll('[data-in]')) {
      const place = field.dataset.in;
      if (place === 'body') body = field.value;
      else if (place === 'form') {
        if (field.type === 'file') { if (field.files.length > 0) data.append(field.name, field.files[0]); }
        else if (field.value !== '') data.append(field.name, field.value);
      } else if (field.value === '') continue;
      else if (place === 'path') path = path.replace('{' + field.name + '}', encodeURIComponent(field.value));
      else if (place === 'query') query.append(field.name, field.value);
      else headers.set(field.name, field.value);
    }
    if (form.dataset.open === 'no' && token.value !== '') headers.set('Authorization', 'Bearer ' + token.value.trim());
    if (form.dataset.type === 'multipart/form-data') body = data;
    else if (body !== undefined) headers.set('Content-Type', 'application/json');
    const search = query.toString();
    return { url: path + (search === '' ? '' : '?' + search), method: form.dataset.method, headers, body };
  };

  const pretty = (text) => {
    try { return JSON.stringify(JSON.parse(text), undefined, 2); } catch { return text; }
  };

  const show = async (response, answer, began) => {
    const type = response.headers.get('Content-Type') || '';
    const line = element('p');
    line.append(
      element('span', String(response.status), 'status ' + (response.ok ? 'good' : 'bad')),
      ' in ' + Math.round(performance.now() - began) + ' ms, ' + (type || 'no body'),
    );
    const id = response.headers.get('X-Correlation-Id');
    if (id !== null) line.append(', correlation id ', element('code', id));
    const wait = response.headers.get('Retry-After');
    if (wait !== null) line.append(', try again in ' + wait + ' s');
    const block = element('pre');
    block.tabIndex = 0;
    block.setAttribute('role', 'region');
    block.setAttribute('aria-label', 'Body of the answer');
    answer.replaceChildren(line, block);
    if (type.startsWith('text/event-stream')) {
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        block.textContent += value;
      }
    }
    const readable = /json|text|xml/.test(type);
    const content = readable ? await response.text() : await response.blob();
    block.textContent = typeof content === 'string' ? pretty(content) : content.size + ' bytes';
    if (block.textContent === '') block.remove();
  };

  document.addEventListener('submit', async (event) => {
    event.preventDefault();
    const form = event.target;
    if (!form.matches('form.try')) return;
    const button = form.querySelector('button');
    const answer = form.querySelector('.answer');
    const { url, ...request } = requestOf(form);
    button.disabled = true;
    answer.replaceChildren(element('p', 'Asking ' + request.method + ' ' + url));
    const began = performance.now();
    try {
      await show(await fetch(url, { ...request, credentials: 'omit', redirect: 'follow' }), answer, began);
    } catch (error) {
      answer.append(element('p', 'No answer: ' + error.message));
    } finally {
      button.disabled = false;
    }
  });
})();
`;
