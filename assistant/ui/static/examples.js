// The keys of the examples tab, and the sign that it works. Every key presses a button of the row
// that has the focus, so that nothing can be done with keys alone.
(() => {
  'use strict';

  if (window.duetExamplesStarted) return;
  window.duetExamplesStarted = true;

  const ACTIONS = { a: 'accept', e: 'edit', r: 'reject', o: 'open', Enter: 'open' };
  const BUSY_AFTER = 300; // milliseconds
  const BUSY_MOST = 20000;

  const list = () => document.getElementById('examples');
  const shown = (element) => Boolean(element && element.getClientRects().length);
  const rows = () => [...(list()?.querySelectorAll('tr[data-example]') || [])];
  const typing = (target) =>
    target.isContentEditable
    || ['TEXTAREA', 'SELECT'].includes(target.tagName)
    || (target.tagName === 'INPUT' && target.type !== 'checkbox');
  const dialogOpen = () => [...document.querySelectorAll('.dialog')].some(shown);
  const drawer = () => document.querySelector('[data-drawer-example]');

  // The row at hand: by its example, and by its place, which the next one takes when it goes.
  let current = '';
  let place = 0;
  let wanted = false; // the list was drawn anew by a press of ours: the focus goes back into it

  const rowAtHand = () => {
    const all = rows();
    return all.find((row) => row.dataset.example === current) || null;
  };

  const choose = (row, focus = true) => {
    if (!row) return;
    const all = rows();
    current = row.dataset.example;
    place = all.indexOf(row);
    all.forEach((one) => {
      one.tabIndex = one === row ? 0 : -1;
      one.classList.toggle('at-hand', one === row);
    });
    if (focus) {
      row.focus({ preventScroll: true });
      row.scrollIntoView({ block: 'nearest' });
    }
  };

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = rowAtHand();
    const next = at ? all.indexOf(at) + step : Math.min(place, all.length - 1);
    const row = all[Math.max(0, Math.min(next, all.length - 1))];
    const open = drawer();
    choose(row);
    if (open && open.dataset.drawerExample !== row.dataset.example) act(row, 'open');
  };

  const act = (row, action) => {
    const button = row.querySelector(`[data-action="${action}"]`);
    if (!button) return false;
    wanted = action !== 'edit';
    button.click();
    return true;
  };

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !shown(list()) || dialogOpen()) return;
    const target = event.target;
    if (typing(target)) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (step && (event.key.length === 1 || list().contains(target))) {
      event.preventDefault();
      move(step);
      return;
    }
    // What changes something asks for the focus in the list, in its drawer, or nowhere at all.
    const within = list().contains(target) || target.closest('.drawer');
    if (!within && target !== document.body && target.id !== 'examples-undo') return;
    // A button that has the focus keeps Enter for itself.
    if (event.key === 'Enter' && target.tagName !== 'TR') return;
    if (event.key === 'u') {
      const undo = document.getElementById('examples-undo');
      if (undo && !undo.disabled) {
        event.preventDefault();
        wanted = true;
        undo.click();
      }
      return;
    }
    const row = target.closest('tr[data-example]') || rowAtHand();
    if (!row) return;
    if (event.key === 'x') {
      event.preventDefault();
      const box = row.querySelector('input[data-tick]');
      if (box) box.checked = !box.checked;
      return;
    }
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    choose(row, false);
    if (act(row, action)) return;
    // Nothing to accept in it, or it is rejected already: on to the next one.
    if (action === 'accept') act(row, 'take-back') || move(1);
  });

  document.addEventListener('focusin', (event) => {
    const row = event.target.closest?.('#examples tr[data-example]');
    if (row && row.dataset.example !== current) choose(row, false);
  });

  // Over 300 ms it shows that it works; whatever is drawn anew ends that.
  let busy = 0;
  const work = () => {
    clearTimeout(busy);
    busy = setTimeout(() => {
      list()?.setAttribute('aria-busy', 'true');
      busy = setTimeout(rest, BUSY_MOST);
    }, BUSY_AFTER);
  };
  const rest = () => {
    clearTimeout(busy);
    list()?.removeAttribute('aria-busy');
  };
  document.addEventListener('click', (event) => {
    if (event.target.closest('#examples [data-action], #coverage [data-action], #examples-undo')) {
      work();
    }
  });
  document.addEventListener('input', (event) => {
    if (event.target.closest('#examples-filters')) work();
  });

  // The drawer gives the focus back to where it was opened: the row at hand may be another by now.
  let drawn = false;
  const followDrawer = () => {
    const open = Boolean(drawer());
    if (drawn && !open && !wanted) {
      const at = current;
      requestAnimationFrame(() => requestAnimationFrame(() => {
        const row = rows().find((one) => one.dataset.example === at);
        if (row && shown(row) && !dialogOpen()) choose(row);
      }));
    }
    drawn = open;
  };

  // What narrows the list from above brings it into view, where its effect is.
  let narrowing = false;
  document.addEventListener('click', (event) => {
    if (event.target.closest('#coverage [data-action="section"], #coverage [data-action="document"], #stale-show')) {
      narrowing = true;
    }
  });

  let known = null;
  const follow = () => {
    followDrawer();
    const body = list()?.querySelector('tbody') || null;
    if (body === known) return;
    known = body;
    if (narrowing) {
      narrowing = false;
      document.getElementById('examples-filters')?.scrollIntoView({ behavior: 'smooth' });
    }
    if (!body) return;
    const all = rows();
    const row = rowAtHand() || (wanted ? all[Math.min(place, all.length - 1)] : null);
    if (row) choose(row, wanted && (document.activeElement === document.body || !drawer()));
    wanted = false;
  };

  const start = () => {
    const places = '#examples, #examples-notice, #panel, .dialog';
    new MutationObserver((changes) => {
      if (changes.some((one) => one.target.closest?.(places))) rest();
      follow();
    }).observe(document.body, { childList: true, subtree: true });
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
