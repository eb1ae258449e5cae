// Talks to the coordinators' API. The token never leaves this tab's session storage but in a request's header.

const KEY = "blocksmith.token";
const OWN = new URL(".", document.baseURI).href.replace(/\/$/, "");

/** What a server answered instead of what was asked of it. */
export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const own = OWN;
export const token = () => sessionStorage.getItem(KEY);
export const keepToken = value => sessionStorage.setItem(KEY, value);
export const forgetToken = () => sessionStorage.removeItem(KEY);

/** A response that is not an error. `body` makes it a POST. */
export async function call(base, path, { body, signal } = {}) {
  const headers = { Accept: "application/json, text/event-stream" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(`${base}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST", headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
  });
  if (!response.ok) throw new Refusal(response.status, await words(response));
  return response;
}

export async function read(base, path, patience = 8000) {
  return (await call(base, path, { signal: AbortSignal.timeout(patience) })).json();
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
