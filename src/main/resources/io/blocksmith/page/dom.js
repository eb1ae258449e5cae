// Builds and updates the document. Text enters through textContent only, and a node is touched only when it changes,
// so that focus, selection and screen readers are left in peace by an update each second.

export const byId = id => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) mark(node, key, value);
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

/** Sets an attribute; null, undefined and false take it away. Of `aria-` attributes, true is a word. */
export function mark(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const text = value === true && !name.startsWith("aria-") ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

export function write(node, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Shares of 1 as a width; the property, because the policy of this page forbids style attributes. */
export function widen(node, share) {
  const width = Math.round(Math.max(0, Math.min(1, share || 0)) * 1000) / 10 + "%";
  if (node.style.width !== width) node.style.width = width;
}

const kept = new WeakMap();

/**
 * Makes the children of `parent` those of `items`, in order: one node for each key, created once and then updated. Where
 * the child that has the focus goes, the one in its place gets it: Resume after Pause.
 */
export function sync(parent, items, keyOf, create, update) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map(items.map(item => [String(keyOf(item)), item]));
  const focused = [...before.values()].indexOf(document.activeElement);
  for (const [key, node] of before) {
    if (!after.has(key)) node.remove();
  }
  let next = parent.firstChild;
  for (const [key, item] of after) {
    const node = before.get(key) ?? create(item);
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
    update(node, item);
    after.set(key, node);
  }
  kept.set(parent, after);
  const nodes = [...after.values()];
  if (focused >= 0 && nodes.length > 0 && !parent.contains(document.activeElement)) nodes[Math.min(focused, nodes.length - 1)].focus();
}

/** A `dl` of [term, value, small print]; the value may be null, which leaves the term out. */
export function facts(list, rows) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  sync(list, known, ([term]) => term,
    ([term]) => element("div", {}, element("dt", {}, term), element("dd", {}, element("span"), " ", element("small"))),
    (node, [, value, note]) => {
      write(node.lastChild.firstChild, value);
      write(node.lastChild.lastChild, note);
    });
}
