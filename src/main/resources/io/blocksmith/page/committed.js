// Curves that stages left behind. The status document carries only those of what runs.
import { Refusal, read, runPath } from "./api.js";

/** The curve of one committed stage at a time. It never changes: it is read once, and again only when it could not be read. */
export class CommittedCurve {
  #wanted = null;

  /** Null while it is not there. */
  get curve() {
    return this.#wanted?.curve ?? null;
  }

  forget() {
    this.#wanted = null;
  }

  /** Reads the curve of `stage` as it was committed `at`, unless that is what it has; calls `changed()` when it came. */
  async want({ base, run }, stage, at, changed) {
    const key = JSON.stringify([run, stage, at]);
    if (this.#wanted?.key === key) return;
    const wanted = { key, curve: null };
    this.#wanted = wanted;
    try {
      const found = await read(base, runPath(run, "curves", encodeURIComponent(stage)));
      // By now another run or stage may be shown.
      if (this.#wanted !== wanted) return;
      wanted.curve = found;
    } catch (error) {
      if (this.#wanted !== wanted) return;
      // The server is certain that there is none; whatever else went wrong may be over with the next document.
      if (error instanceof Refusal && error.status === 404) return;
      console.info(`no curve of ${stage} now: ${error.message}`);
      this.#wanted = null;
      return;
    }
    changed();
  }
}
