// What the browser does by itself: keys, the narrow layout, the theme, dialogs and previews.
// It sends nothing but presses of buttons that are on the page.
(() => {
  'use strict';

  // Gradio puts the head into the page a second time once it has started.
  if (window.duetStarted) return;
  window.duetStarted = true;

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const frame = () => one('#frame');
  const shown = (element) => element && element.getClientRects().length > 0;

  // Keys 1 to 4 vote, in the order in which the buttons stand; not while typing.
  const VOTES = { 1: 'vote-left', 2: 'vote-tie', 3: 'vote-both-bad', 4: 'vote-right' };

  const typing = (target) =>
    target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);

  // A picture that cannot be had says so in its place. The event does not bubble.
  document.addEventListener(
    'error',
    (event) => {
      if (!event.target.matches?.('img[data-missing]')) return;
      const said = document.createElement('p');
      said.className = 'quiet';
      said.textContent = event.target.dataset.missing;
      event.target.replaceWith(said);
    },
    true,
  );

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      closeTop();
      return;
    }
    const dialog = openDialog();
    if (dialog && event.key === 'Tab') {
      keepWithin(dialog, event);
      return;
    }
    if (dialog && event.key === 'Enter' && event.target.matches('input:not([role=combobox])')) {
      one('.dialog-buttons .primary, .dialog-buttons .stop', dialog)?.click();
      return;
    }
    const radios = event.target.closest('[role="radiogroup"]');
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (radios && step) {
      event.preventDefault();
      const cards = all('[role="radio"]', radios);
      const next = cards[(cards.indexOf(event.target) + step + cards.length) % cards.length];
      next.focus();
      next.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || dialog || typing(event.target)) return;
    const button = document.getElementById(VOTES[event.key] || '');
    if (shown(button) && !button.disabled) {
      event.preventDefault();
      button.click();
    }
  });

  // Dialogs: one at a time, focus goes in when one opens and back when it closes.
  let before = null;
  const openDialog = () => all('.dialog').find(shown);

  const closeTop = () => {
    const dialog = openDialog();
    if (dialog) one('.cancel', dialog)?.click();
    else if (one('.drawer')) one('.drawer .close')?.click();
    else frame()?.classList.remove('sidebar-open');
  };

  const keepWithin = (dialog, event) => {
    const places = all('button, input, textarea', dialog).filter(shown);
    if (!places.length) return;
    const first = places[0];
    const last = places[places.length - 1];
    if (event.shiftKey && document.activeElement === first) {
      event.preventDefault();
      last.focus();
    } else if (!event.shiftKey && document.activeElement === last) {
      event.preventDefault();
      first.focus();
    }
  };

  let dialogBefore = null;
  const followDialog = () => {
    const dialog = openDialog() || null;
    if (dialog === dialogBefore) return;
    dialogBefore = dialog;
    if (dialog) {
      before = document.activeElement;
      dialog.setAttribute('role', 'dialog');
      dialog.setAttribute('aria-modal', 'true');
      dialog.setAttribute('aria-label', one('h2', dialog)?.textContent || 'Dialog');
      (one('input, textarea', dialog) || one('button', dialog))?.focus();
    } else if (before && document.contains(before)) {
      before.focus();
    }
  };

  let drawerBefore = null;
  const followDrawer = () => {
    const drawer = one('.drawer');
    if (drawer && !drawerBefore) {
      drawerBefore = document.activeElement || document.body;
      one('mark', drawer)?.scrollIntoView({ block: 'center' });
      one('.close', drawer)?.focus({ preventScroll: true });
    } else if (!drawer && drawerBefore) {
      if (document.contains(drawerBefore)) drawerBefore.focus();
      drawerBefore = null;
    }
  };

  // A judgement pressed in the chat is drawn anew by the server: focus goes back to its button.
  let pressed = '';
  document.addEventListener('click', (event) => {
    const button = event.target.closest('#thread [aria-pressed][data-action]');
    const turn = button?.closest('[data-answered]')?.dataset.answered;
    const side = button?.closest('[data-side]')?.dataset.side;
    const own = ['action', 'question', 'said', 'up']
      .filter((name) => button?.dataset[name])
      .map((name) => `[data-${name}="${button.dataset[name]}"]`);
    const within = side ? `[data-side="${side}"] ` : '';
    pressed = turn ? `[data-answered="${turn}"] ${within}${own.join('')}` : '';
  });
  const followPressed = () => {
    if (!pressed || document.activeElement !== document.body) return;
    one(pressed)?.focus({ preventScroll: true });
    pressed = '';
  };

  // The newest turn stays in view while it grows, unless the person has scrolled away.
  let following = true;
  const atEnd = () => {
    const page = document.scrollingElement;
    return page.scrollHeight - page.scrollTop - page.clientHeight < 140;
  };
  const toEnd = () => document.scrollingElement.scrollTo(0, document.scrollingElement.scrollHeight);
  window.addEventListener('scroll', () => { following = atEnd(); }, { passive: true });

  let lastTurn = '';
  const followTurn = () => {
    const turn = one('#turn .turn');
    const question = turn ? one('.question', turn)?.textContent || '' : '';
    if (question !== lastTurn) {
      lastTurn = question;
      if (question) toEnd();
    } else if (turn && following && turn.getAttribute('aria-busy') === 'true') {
      toEnd();
    }
  };

  // Narrow windows: the two sides of a turn lie beside each other and are swiped or switched.
  document.addEventListener('click', (event) => {
    const tab = event.target.closest('[data-side-tab]');
    if (!tab) return;
    all('.sides.two').forEach((sides) => {
      const card = one(`[data-side="${tab.dataset.sideTab}"]`, sides);
      if (card) sides.scrollTo({ left: card.offsetLeft - sides.offsetLeft, behavior: 'smooth' });
    });
  });

  document.addEventListener('scroll', (event) => {
    const sides = event.target;
    if (!(sides instanceof Element) || !sides.matches('.sides.two')) return;
    const second = sides.scrollLeft > (sides.scrollWidth - sides.clientWidth) / 2;
    all('[data-side-tab]').forEach((tab) => {
      tab.setAttribute('aria-pressed', String((tab.dataset.sideTab === 'right') === second));
    });
  }, { capture: true, passive: true });

  // A source's first words, on hover or focus.
  let preview = null;
  const showPreview = (event) => {
    const source = event.target.closest?.('.cite, .source');
    if (!source) return;
    const side = source.closest('.side');
    const full = side && one(`.source[data-marker="${source.dataset.marker}"]`, side);
    const text = full?.dataset.text;
    if (!text) return;
    hidePreview();
    preview = document.createElement('div');
    preview.className = 'preview';
    const name = document.createElement('strong');
    name.textContent = full.textContent.replace(/^\d+/, '');
    const words = document.createElement('span');
    words.textContent = text;
    preview.append(name, words);
    (one('.gradio-container') || document.body).append(preview);
    const at = source.getBoundingClientRect();
    const width = Math.min(360, window.innerWidth - 24);
    preview.style.width = `${width}px`;
    preview.style.left = `${Math.max(12, Math.min(at.left, window.innerWidth - width - 12))}px`;
    const above = at.top - preview.offsetHeight - 8;
    preview.style.top = `${above > 8 ? above : at.bottom + 8}px`;
  };
  const hidePreview = () => { preview?.remove(); preview = null; };
  document.addEventListener('mouseover', showPreview);
  document.addEventListener('focusin', showPreview);
  document.addEventListener('mouseout', hidePreview);
  document.addEventListener('focusout', hidePreview);
  window.addEventListener('scroll', hidePreview, { passive: true });
  document.addEventListener('click', hidePreview);

  // Files may be dropped anywhere on the documents tab.
  let leaving = 0;
  document.addEventListener('dragover', () => {
    if (!shown(document.getElementById('drop'))) return;
    clearTimeout(leaving);
    frame()?.classList.add('dragging');
    leaving = setTimeout(() => frame()?.classList.remove('dragging'), 250);
  });
  document.addEventListener('drop', () => frame()?.classList.remove('dragging'));

  // The sidebar of a narrow window, and the theme.
  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-toggle="sidebar"]')) {
      frame()?.classList.toggle('sidebar-open');
    } else if (event.target.closest('[data-toggle="theme"]')) {
      setTheme(!document.body.classList.contains('dark'));
    } else if (
      frame()?.classList.contains('sidebar-open')
      && (!event.target.closest('#sidebar')
        || event.target.closest('.entry, #next-step-button, #new-assistant, #settings'))
    ) {
      frame()?.classList.remove('sidebar-open');
    }
  });

  const setTheme = (dark) => {
    document.body.classList.toggle('dark', dark);
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
    try { localStorage.setItem('duet-theme', dark ? 'dark' : 'light'); } catch { /* not kept */ }
  };
  const keptTheme = () => {
    let kept = null;
    try { kept = localStorage.getItem('duet-theme'); } catch { /* none kept */ }
    if (kept) setTheme(kept === 'dark');
    else {
      document.documentElement.style.colorScheme =
        document.body.classList.contains('dark') ? 'dark' : 'light';
    }
  };

  // Names for what Gradio leaves without one.
  const nameThings = () => {
    one('#composer textarea')?.setAttribute('aria-label', 'Your question');
    one('#drop .upload-container')?.setAttribute(
      'aria-label', 'Drop documents here, or press to choose files',
    );
    one('#thread')?.setAttribute('aria-label', 'Conversation');
    one('#turn')?.setAttribute('aria-live', 'polite');
    one('#sidebar')?.setAttribute('aria-label', 'Assistants and conversations');
  };

  let waiting = false;
  const changed = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      followDialog();
      followDrawer();
      followTurn();
      followPressed();
      nameThings();
    });
  };

  const start = () => {
    document.documentElement.lang = 'en-GB';
    new MutationObserver(changed).observe(document.body, {
      childList: true, subtree: true, attributes: true, attributeFilter: ['class', 'style'],
      characterData: true,
    });
    const started = setInterval(() => {
      if (!one('#frame')) return;
      clearInterval(started);
      keptTheme();
      changed();
    }, 50);
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
