// Curves that stages left behind. The status document carries only those of what runs.
import { Refusal, read, runPath } from "./api.js";

/** The curve of a committed stage; null where the server has none. */
export async function committedCurve(base, run, key) {
  try {
    return await read(base, runPath(run, "curves", encodeURIComponent(key)));
  } catch (error) {
    if (!(error instanceof Refusal)) console.info(`no curve of ${key} now: ${error.message}`);
    return null;
  }
}
