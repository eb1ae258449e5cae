// Status documents by the contract of the API, as runs of several kinds would have them at one moment.

const key = (kind, block) => `${kind}-${String(block).padStart(3, "0")}`;
/** Figures that differ from block to block and are the same each time. */
const noise = seed => { const x = Math.sin(seed * 127.1 + 11.7) * 43758.5453; return x - Math.floor(x); };

export const ago = seconds => new Date(Date.now() - 1000 * seconds).toISOString();

function document(more) {
  return {
    version: 1, run: "run", where: "runs/run", phase: "running", rest: null, done: 0, total: 1, fraction: 0, percent: 0, "seconds-left": null, now: ago(0),
    recipe: { bits: 2, "group-size": 64, symmetric: false, segments: 1, "repair-samples": 0, "train-samples": 64, epochs: 2 },
    supervisor: { pulse: "live", holder: "node-a process 123", host: "node-a", process: 123, epoch: 2, beat: 77, "seconds-since-beat": 0.8 },
    stopping: false, trouble: null, attempts: [], blocks: [], committed: [], perplexities: {}, workers: [], "last-checkpoint": null, events: [], drained: [],
    requests: [], failures: [], failure: null, ...more,
  };
}

function block(number, segment, state, more = {}) {
  const start = 0.0012 * Math.exp(number / 18) * (0.8 + 0.4 * noise(number));
  const done = state === "done";
  return { block: number, segment, state, repair: null, "start-loss": done ? start : null, "final-loss": done ? start * (0.14 + 0.5 * noise(number + 100)) : null,
    "repair-start-loss": null, "repair-final-loss": null, seconds: done ? 3900 + 500 * noise(number + 7) : null, attempts: state === "waiting" ? 0 : 1, worker: done ? `gpu-${segment}` : null, ...more };
}

function curve(steps, from, to, seed) {
  const count = Math.min(200, steps);
  return Array.from({ length: count }, (_, index) => {
    const step = Math.max(1, Math.round((index + 1) * steps / count));
    return [step, to + (from - to) * Math.exp(-5 * index / count) + 0.06 * (from - to) * (noise(seed + index) - 0.5)];
  });
}

function attempt(number, worker, step, steps, more = {}) {
  const reference = 0.0012 * Math.exp(number / 18);
  const points = curve(step, reference, reference * 0.31, number);
  return { stage: key("block", number), attempt: 1, worker, since: ago(1900), phase: "train", epoch: step > steps / 2 ? 2 : 1, epochs: 2, step, steps, loss: points.at(-1)[1],
    reference, "tokens-per-second": 21_000 + 900 * noise(number), "saved-step": Math.floor(step / 256) * 256, "data-wait": 0.01, straggler: false, kind: "train-block", block: number,
    "step-seconds": 0.78, "saved-at": ago(41), curve: points, ...more };
}

const worker = (name, more = {}) => ({ name, numerics: "libtorch 2.7.1, cuda, 8 threads", version: "0.1.0", reachable: true, holds: [], assists: null, quarantined: false, slow: false, drained: false,
  stage: null, "step-seconds": null, ...more });

const event = (sequence, seconds, kind, level, more) => ({ sequence, at: ago(seconds), kind, stage: null, attempt: null, worker: null, text: "", level, ...more });

/** 80 blocks in 8 segments on 8 workers; `tick` moves it. */
export function large(tick = 0) {
  const steps = 4096;
  const blocks = Array.from({ length: 80 }, (_, number) => {
    const segment = Math.floor(number / 10);
    const within = number % 10;
    const finished = 4 + (segment % 3 === 0 ? 1 : 0);
    if (within < finished) return block(number, segment, "done", number === 73 ? { "final-loss": 0.081, "start-loss": 0.072 } : number === 21 ? { attempts: 2 } : {});
    if (segment === 6 && within === finished) return block(number, segment, "waiting", { attempts: 1 });
    return block(number, segment, within === finished ? "running" : "waiting", within === finished ? { worker: `gpu-${segment}`, attempts: number === 14 ? 2 : 1 } : {});
  });
  const attempts = blocks.filter(each => each.state === "running").map(each =>
    attempt(each.block, `gpu-${each.segment}`, Math.min(steps, 1200 + 331 * each.segment + tick), steps, each.segment === 4 ? { straggler: true, "step-seconds": 2.31, "tokens-per-second": 7090, "saved-at": ago(344) } : each.segment === 1 ? { attempt: 2, "saved-at": null, since: ago(95) } : {}));
  const done = blocks.filter(each => each.state === "done");
  return document({
    run: "llama-2-70b-w2g64", where: "s3://runs/llama-2-70b-w2g64", done: done.length + 8, total: 97, fraction: 0.43 + tick / 1e5, percent: 43 + tick / 1000, "seconds-left": 81_720 - tick,
    recipe: { bits: 2, "group-size": 64, symmetric: false, segments: 8, "repair-samples": 512, "train-samples": 4096, epochs: 2 }, blocks, attempts,
    committed: done.map(each => ({ stage: key("block", each.block), attempts: each.attempts, worker: each.worker, at: ago(7000), seconds: each.seconds, "start-loss": each["start-loss"], "final-loss": each["final-loss"], perplexity: null })),
    perplexities: { "full-precision": 3.319, "round-to-nearest": 82.41 },
    workers: [0, 1, 2, 3, 4, 5, 6, 7].map(index => worker(`gpu-${index}`, index === 6 ? { reachable: false } : index === 4 ? { slow: true } : {}))
      .concat(worker("gpu-8", { drained: true }), worker("gpu-9", { quarantined: true, numerics: "libtorch 2.7.1, cuda, 16 threads" })),
    "last-checkpoint": { stage: "block-064", step: 1024, at: ago(41) }, drained: ["gpu-8"],
    events: [
      event(180, 9100, "stage-committed", "info", { stage: "block-013", attempt: 1, worker: "gpu-1", text: "block-013 is done: loss 0.00081 after 0.00262" }),
      event(181, 9099, "stage-started", "info", { stage: "block-014", attempt: 1, worker: "gpu-1", text: "block-014 was given to gpu-1" }),
      event(182, 7000, "stage-failed", "warning", { stage: "block-014", attempt: 1, worker: "gpu-1", text: "block-014 failed on gpu-1: worker gpu-1 is gone" }),
      event(183, 6980, "stage-started", "info", { stage: "block-014", attempt: 2, worker: "gpu-1", text: "block-014, attempt 2, was given to gpu-1" }),
      event(184, 5400, "worker-drained", "info", { worker: "gpu-8", text: "gpu-8 gets no more work: drained by anna@node-a" }),
      event(185, 3100, "stage-failed", "error", { stage: "block-064", attempt: 1, worker: "gpu-6", text: "block-064 failed on gpu-6: CUDA error: an illegal memory access was encountered" }),
      event(186, 1900, "stage-started", "info", { stage: "block-044", attempt: 1, worker: "gpu-4", text: "block-044 was given to gpu-4" }),
      event(187 + tick, 2, "stage-committed", "info", { stage: "block-033", attempt: 1, worker: "gpu-3", text: "block-033 is done: loss 0.00311 after 0.00707" }),
    ],
  });
}

const REPAIRED = { repair: "done", "repair-start-loss": 0.685, "repair-final-loss": 0.594 };

/** Four blocks, all done, E2E-QP under way. */
export function endToEnd() {
  const blocks = [0, 1, 2, 3].map(number => block(number, number < 2 ? 0 : 1, "done", { worker: "worker-1", seconds: 7.4, ...REPAIRED }));
  return document({
    run: "first", where: "runs/first", done: 9, total: 16, fraction: 0.81, percent: 81, "seconds-left": 23, blocks, perplexities: { "full-precision": 7.777, "round-to-nearest": 14.81, "block-ap": 8.544 },
    recipe: { bits: 2, "group-size": 64, symmetric: false, segments: 2, "repair-samples": 16, "train-samples": 64, epochs: 2 },
    attempts: [attempt(0, "worker-1", 40, 64, { stage: "end-to-end", kind: "end-to-end", block: null, reference: 2.31, loss: 2.19, curve: curve(40, 2.31, 2.18, 3), "tokens-per-second": 4100, "step-seconds": 0.41, "saved-step": 32 })],
    workers: [worker("worker-1", { numerics: "libtorch 2.7.1, cpu, 1 thread" }), worker("worker-2", { numerics: "libtorch 2.7.1, cpu, 1 thread", assists: "first/end-to-end attempt 1 (epoch 2)" })],
    "last-checkpoint": { stage: "end-to-end", step: 32, at: ago(12) },
    events: [event(1, 100, "run-submitted", "info", { text: "the run was submitted: a model of 4 blocks" })],
  });
}

/** The repair pass at block 1: its losses are far above those of the training, because its inputs carry all errors before. */
export function repairing() {
  const blocks = [0, 1, 2, 3].map(number => block(number, number < 2 ? 0 : 1, "done", { worker: "worker-1", seconds: 7.4, "start-loss": 0.004, "final-loss": 0.0008,
    ...[REPAIRED, { repair: "running", "repair-start-loss": 0.685 }, { repair: "waiting" }, { repair: "waiting" }][number] }));
  return { ...endToEnd(), run: "repairing", where: "runs/repairing", blocks, done: 6, fraction: 0.6, percent: 60, perplexities: {},
    attempts: [attempt(1, "worker-1", 12, 32, { stage: "repair-001", kind: "repair-block", reference: 0.685, loss: 0.651, since: ago(95), "saved-at": null, curve: curve(12, 0.685, 0.64, 4) })],
    "last-checkpoint": null };
}

export function paused() {
  return { ...endToEnd(), run: "resting", where: "runs/resting", phase: "paused", attempts: [], "seconds-left": null, "last-checkpoint": null,
    rest: { cause: "requested", reason: "paused by anna process 99 on node-a", since: ago(240) },
    events: [event(1, 300, "run-submitted", "info", { text: "the run was submitted: a model that rests" })] };
}

export function completed() {
  return { ...endToEnd(), run: "finished", where: "runs/finished", phase: "completed", attempts: [], "seconds-left": null, done: 16, fraction: 1, percent: 100, "last-checkpoint": null,
    supervisor: { ...endToEnd().supervisor, pulse: "released" }, workers: [],
    perplexities: { "full-precision": 7.777, "round-to-nearest": 14.81, "block-ap": 8.544, "end-to-end": 8.454 },
    committed: [{ stage: "end-to-end", attempts: 1, worker: "worker-1", at: ago(60), seconds: 22, "start-loss": 2.31, "final-loss": 2.17, perplexity: null },
      { stage: "block-000", attempts: 1, worker: "worker-1", at: ago(90), seconds: 7.4, "start-loss": 0.0012, "final-loss": 0.0004, perplexity: null }] };
}

export function failed() {
  const blocks = [0, 1, 2, 3].map(number => block(number, 0, number < 2 ? "done" : number === 2 ? "failed" : "waiting", number === 2 ? { attempts: 3 } : {}));
  return document({
    run: "poison", where: "runs/poison", phase: "stopped", done: 3, total: 12, fraction: 0.4, percent: 40, blocks, supervisor: { ...document().supervisor, pulse: "released" },
    rest: { cause: "failure", reason: "block-002 failed in all its tries", since: ago(30) },
    failures: [{ stage: "block-002", attempt: 3, worker: "worker-1", category: "defect", reason: "the loss is not a number at step 12", at: ago(30) }],
    failure: { stage: "block-002", block: 2, category: "defect", reason: "the loss is not a number at step 12", at: ago(30), "what-to-do": "lower block-ap.learning-rates, then ./blocksmith retry runs/poison 2" },
    workers: [worker("worker-1")],
    events: [event(9, 31, "stage-failed", "error", { stage: "block-002", attempt: 3, worker: "worker-1", text: "block-002, attempt 3, failed on worker-1: the loss is not a number at step 12" })],
  });
}

export const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

/** Every text that comes from elsewhere is markup. */
export function hostile() {
  return { ...failed(), run: HOSTILE, where: HOSTILE, trouble: HOSTILE, phase: "running", failure: { ...failed().failure, reason: HOSTILE, "what-to-do": HOSTILE },
    supervisor: document().supervisor, workers: [worker(HOSTILE, { numerics: HOSTILE })], requests: [{ id: "1", asks: HOSTILE, by: HOSTILE }],
    events: [event(1, 5, HOSTILE, HOSTILE, { stage: HOSTILE, worker: HOSTILE, text: HOSTILE })], attempts: [attempt(1, HOSTILE, 5, 10, { stage: HOSTILE, phase: HOSTILE })] };
}

export const committedCurve = stage => stage === "end-to-end"
  ? { stage, training: curve(64, 2.31, 2.16, 3), validation: [[0, 2.31], [32, 2.2], [64, 2.17]] }
  : { stage, training: curve(128, 0.0012, 0.0004, 5), validation: [[0, 0.0012], [64, 0.0005], [128, 0.0004]] };
