// Follows one run through whatever coordinator answers: the one that served this page first, then its peers in turn.
import { Refusal, Unreachable, call, own, read, reasonOf, runPath } from "./api.js";
import { readEvents } from "./event-stream.js";

/** The server sends at least every 5 seconds; silence this long means that it is gone, frozen or cut off. */
export const SILENCE = 15_000;
const PATIENCE = 8_000;
const SOON = 500;
const LONGEST_PAUSE = 15_000;
const ACQUAINT_AGAIN = 5_000;

const wait = milliseconds => new Promise(resolve => { setTimeout(resolve, milliseconds); });

/**
 * Tells a listener of `document(tree, base)`, `connected(base, cluster)`, `lost(base, reason, nextBase)` and
 * `refused(base, refusal, nextBase)`, until it is stopped. Refused is what asking again would not change; whatever else
 * a server has to say, e.g. that it cannot read its store, is a loss with the server's words.
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
      let end = new Unreachable("it closed the connection");
      try {
        await this.#listen(base, run, stopped);
      } catch (error) {
        end = error;
      }
      if (stopped.aborted) return;
      this.#at = (this.#at + 1) % this.#bases.length;
      this.#fruitless++;
      if (end instanceof Refusal && end.decided) this.#listener.refused(base, end, this.base);
      else this.#listener.lost(base, reasonOf(end), this.base);
      await this.#pause();
    }
  }

  /** One connection, until its end; a watchdog ends it when nothing comes. */
  async #listen(base, run, stopped) {
    const here = new AbortController();
    const { signal } = here;
    stopped.addEventListener("abort", () => here.abort(), { once: true, signal });
    let timer = null;
    let trouble = null;
    const watch = (patience, words) => {
      clearTimeout(timer);
      trouble = null;
      timer = setTimeout(() => here.abort(new Unreachable(trouble ?? words)), patience);
    };
    try {
      watch(PATIENCE, "it does not answer");
      const response = await call(base, runPath(run, "stream"), { signal });
      watch(SILENCE, "it fell silent");
      this.#acquaint(base, signal);
      await readEvents(response.body, (name, data) => {
        if (signal.aborted) return;
        // The server is there but cannot read the run; when that lasts, the watchdog turns to the next one.
        if (name === "trouble") {
          trouble = JSON.parse(data).error?.what ?? "it cannot read the run";
          this.#listener.lost(base, trouble, base);
        }
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
  async #acquaint(base, signal) {
    let cluster = null;
    while (cluster === null) {
      try {
        cluster = await read(base, "/cluster");
      } catch (error) {
        // The stream decides whether this server can be used.
        console.info(`${base} does not say yet who its peers are: ${error.message}`);
        await wait(ACQUAINT_AGAIN);
      }
      if (signal.aborted) return;
    }
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
