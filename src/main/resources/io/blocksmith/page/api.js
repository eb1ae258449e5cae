// Talks to the coordinators' API. The token never leaves this tab's session storage but in a request's header.

const KEY = "blocksmith.token";
const OWN = new URL(".", document.baseURI).href.replace(/\/$/, "");

const DECIDED = [401, 403, 404];

/** What a server answered instead of what was asked of it. */
export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }

  /** Whether the same question brings the same answer. Any other status is trouble of the server's, e.g. with its store. */
  get decided() {
    return DECIDED.includes(this.status);
  }
}

/** There was no answer, or it broke off. */
export class Unreachable extends Error {
  constructor(text = "it does not answer") {
    super(text);
  }

  /** To be thrown for what `fetch` and its streams fail with, which nothing tells from a fault of the page otherwise. */
  static from(error) {
    return error instanceof TypeError || error instanceof DOMException ? new Unreachable() : error;
  }
}

/** What went wrong with a server, as the rest of a sentence. A fault of this page is told as one. */
export function reasonOf(error) {
  if (error instanceof Refusal || error instanceof Unreachable) return error.message;
  if (error instanceof SyntaxError) return `it sent what is no JSON (${error.message})`;
  reportError(error);
  return `this page has a fault, or the browser is too old for it (${error.message})`;
}

export const own = OWN;

/** Where a browser lets a page store nothing, the token lives as long as the page. */
const session = (() => {
  try {
    return sessionStorage;
  } catch {
    const held = new Map();
    return { getItem: key => held.get(key) ?? null, setItem: (key, value) => held.set(key, value), removeItem: key => held.delete(key) };
  }
})();

export const token = () => session.getItem(KEY);
export const keepToken = value => session.setItem(KEY, value);
export const forgetToken = () => session.removeItem(KEY);
/** What can stand in the header: the server's rule for `http.token`. */
export const isToken = value => /^[!-~]+$/.test(value);

/** A response that is not an error. `body` makes it a POST. */
export async function call(base, path, { body, signal } = {}) {
  const headers = { Accept: "application/json, text/event-stream" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(`${base}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST", headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
  }).catch(error => { throw Unreachable.from(error); });
  if (!response.ok) throw new Refusal(response.status, await words(response));
  return response;
}

export async function read(base, path, patience = 8000) {
  const response = await call(base, path, { signal: AbortSignal.timeout(patience) });
  return JSON.parse(await response.text().catch(error => { throw Unreachable.from(error); }));
}

/** The server's own words for an error, in one sentence after another. */
async function words(response) {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text);
    const parts = [error.what, error.expected && `expected ${error.expected}`, error.found && `found ${error.found}`];
    const sentence = parts.filter(Boolean).join("; ");
    return [sentence, error["to-do"]].filter(Boolean).join(". ") || `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status} ${text.slice(0, 200)}`.trim();
  }
}

export const runPath = (run, ...rest) => ["/runs", encodeURIComponent(run), ...rest].join("/");
