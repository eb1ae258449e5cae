// Numbers, times and names for people. The same rules as in the report's page.

export const NONE = "–";
export const isNumber = value => typeof value === "number" && Number.isFinite(value);

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function number(value, digits = 3) {
  if (!isNumber(value)) return NONE;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${mantissa}\u00a0×\u00a010${[...String(Number(exponent))].map(digit => SUPERSCRIPT[digit]).join("")}`;
  }
  const decimals = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(Number(size.toPrecision(digits)))));
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export const count = value => isNumber(value) ? value.toLocaleString("en", { maximumFractionDigits: 0 }) : NONE;
export const plural = (value, noun) => `${count(value)}\u00a0${noun}${value === 1 ? "" : "s"}`;
/** What is not the whole does not round to it: neither a run that is not done, nor a loss that is a little below its start. */
export function percent(value, digits = 0) {
  if (!isNumber(value)) return NONE;
  const below = value < 100 && Number(value.toFixed(digits)) >= 100;
  return `${(below ? 100 - 10 ** -digits : value).toFixed(digits)}\u00a0%`;
}

export function duration(seconds) {
  if (!isNumber(seconds)) return NONE;
  if (seconds < 1) return `${number(seconds * 1000, 2)}\u00a0ms`;
  if (seconds < 59.95) return `${number(seconds)}\u00a0s`;
  return span(seconds);
}

/** Whole seconds, for ages that count up. */
export function span(seconds) {
  if (!isNumber(seconds)) return NONE;
  const whole = Math.max(0, Math.round(seconds));
  const two = value => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min\u00a0${two(whole % 60)}\u00a0s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)}\u00a0h\u00a0${two(minutes % 60)}\u00a0min`;
  const hours = Math.round(whole / 3600);
  return `${Math.floor(hours / 24)}\u00a0d\u00a0${hours % 24}\u00a0h`;
}

/** A clock time here; with the day when it is not today, or when the words may be read on another day. */
export function clock(milliseconds, seconds = true, dated = false) {
  if (!Number.isFinite(milliseconds)) return NONE;
  const moment = new Date(milliseconds);
  const time = moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });
  return !dated && moment.toDateString() === new Date().toDateString() ? time
    : `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}

const SUBJECTS = { "full-precision": "Full precision", "round-to-nearest": "Round-to-nearest", "block-ap": "After Block-AP", "end-to-end": "After E2E-QP" };
export const subjects = Object.keys(SUBJECTS);
export const subject = key => SUBJECTS[key] ?? key;

/** A stage's key in words: block-003 is block 3. */
export function stage(key) {
  const text = String(key ?? "");
  const numbered = /^(block|repair)-0*(\d+)$/.exec(text);
  if (numbered) return numbered[1] === "block" ? `Block ${numbered[2]}` : `Repair of block ${numbered[2]}`;
  const capture = /^capture-0*(\d+)-part-(\d+)$/.exec(text);
  if (capture) return `Capture for segment ${capture[1]}, part ${capture[2]}`;
  if (text.startsWith("export-")) return `Export ${text.slice(7)}`;
  if (text.startsWith("evaluate-")) return `Perplexity: ${subject(text.slice(9))}`;
  return { "end-to-end": "E2E-QP", report: "Report" }[text] ?? text;
}

/** The same within a sentence. */
export const midSentence = key => stage(key).replace(/^(Block|Repair|Capture|Export|Perplexity|Report)\b/, word => word.toLowerCase());

const PHASES = { starting: "starting", targets: "computing targets", train: "training", validate: "validating", propagate: "passing on to the next block",
  seal: "writing the result", verify: "reading the result back", capture: "capturing" };
export const attemptPhase = key => PHASES[key] ?? key;
