// Follows one run through whatever coordinator answers: the one that served this page first, then its peers in turn.
import { Refusal, call, own, read, runPath } from "./api.js";
import { readEvents } from "./event-stream.js";

/** The server sends at least every 5 seconds; silence this long means that it is gone, frozen or cut off. */
export const SILENCE = 15_000;
const PATIENCE = 8_000;
const SOON = 500;
const LONGEST_PAUSE = 15_000;

/**
 * Tells a listener of `document(tree)`, `connected(base, cluster)`, `lost(reason, nextBase)` and `refused(refusal)`, until
 * it is stopped.
 */
export class Feed {
  #listener;
  #bases = [own];
  #at = 0;
  #stop = null;
  #wake = () => {};
  #fruitless = 0;

  constructor(listener) {
    this.#listener = listener;
  }

  /** The coordinator that answers at present, or is asked next. */
  get base() {
    return this.#bases[this.#at % this.#bases.length];
  }

  start(run) {
    this.stop();
    const stop = new AbortController();
    this.#stop = stop;
    this.#fruitless = 0;
    this.#follow(run, stop.signal);
  }

  stop() {
    this.#stop?.abort();
    this.#stop = null;
    this.#wake();
  }

  /** Tries again at once, e.g. because there is a token now. */
  hurry() {
    this.#fruitless = 0;
    this.#wake();
  }

  async #follow(run, stopped) {
    while (!stopped.aborted) {
      const base = this.base;
      let reason = "the server closed the connection";
      try {
        await this.#listen(base, run, stopped);
      } catch (error) {
        if (stopped.aborted) return;
        reason = error instanceof Refusal ? error.message : error.silent ?? "it does not answer";
        if (error instanceof Refusal) this.#listener.refused(error);
      }
      if (stopped.aborted) return;
      this.#at = (this.#at + 1) % this.#bases.length;
      this.#fruitless++;
      this.#listener.lost(base, reason, this.base);
      await this.#pause();
    }
  }

  /** One connection, until its end; a watchdog ends it when nothing comes. */
  async #listen(base, run, stopped) {
    const here = new AbortController();
    const signal = AbortSignal.any([stopped, here.signal]);
    let timer = null;
    const watch = (patience, words) => {
      clearTimeout(timer);
      timer = setTimeout(() => here.abort(Object.assign(new Error(words), { silent: words })), patience);
    };
    try {
      watch(PATIENCE, "it does not answer");
      const response = await call(base, runPath(run, "stream"), { signal });
      watch(SILENCE, "it fell silent");
      this.#acquaint(base, stopped);
      await readEvents(response.body, (name, data) => {
        if (signal.aborted) return;
        // The server is there but cannot read the run; when that lasts, the watchdog turns to the next one.
        if (name === "trouble") this.#listener.lost(base, JSON.parse(data).error?.what ?? "it cannot read the run", base);
        if (name !== "status") return;
        watch(SILENCE, "it fell silent");
        this.#fruitless = 0;
        const tree = JSON.parse(data);
        try {
          this.#listener.document(tree, base);
        } catch (error) {
          // A fault of this page is no fault of the connection, and nobody would find it behind a "does not answer".
          reportError(error);
        }
      });
    } finally {
      clearTimeout(timer);
      here.abort();
    }
  }

  /** Learns the peers, from the server of this page only: a token goes nowhere else. */
  async #acquaint(base, stopped) {
    let cluster;
    try {
      cluster = await read(base, "/cluster");
    } catch {
      // The stream decides whether this server can be used; what it can change is asked again with the next connection.
      return;
    }
    if (stopped.aborted) return;
    if (base === own) {
      const peers = (cluster.peers ?? []).map(peer => peer.replace(/\/$/, "")).filter(peer => peer !== own && /^https?:\/\//.test(peer));
      this.#bases = [own, ...new Set(peers)];
      this.#at = 0;
    }
    this.#listener.connected(base, cluster);
  }

  /** Each coordinator is tried once without waiting; after that, pauses double. */
  #pause() {
    const rounds = Math.floor(this.#fruitless / this.#bases.length);
    const pause = rounds === 0 ? SOON : Math.min(LONGEST_PAUSE, 1000 * 2 ** (rounds - 1)) * (0.75 + Math.random() / 2);
    return new Promise(resolve => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
