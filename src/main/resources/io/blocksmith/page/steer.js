// The buttons: ask for the token once, confirm what costs something, show the server's words.
import { Refusal, call, forgetToken, isToken, keepToken, own, reasonOf, runPath, token } from "./api.js";
import { byId, element, mark, show, sync, write } from "./dom.js";
import { midSentence } from "./format.js";

/** Documents older than this, in milliseconds, may not know of a request yet. */
const TAKEN_UP = 5_000;
const RUNNING = ["running", "submitted"];

/** What can be asked for, and when that makes sense. */
const COMMANDS = [
  { key: "pause", name: "Pause", fits: tree => RUNNING.includes(tree.phase) && !tree.stopping },
  { key: "resume", name: "Resume", main: true, fits: tree => ["paused", "stopped"].includes(tree.phase) },
  { key: "cancel", name: "Cancel run", danger: true, fits: tree => [...RUNNING, "paused"].includes(tree.phase) && !tree.stopping },
];

/** Opens a dialog and tells whether its question was answered with yes. */
function asked(dialog, yes, no) {
  return new Promise(resolve => {
    const settle = answer => {
      listening.abort();
      dialog.close();
      resolve(answer);
    };
    const listening = new AbortController();
    const { signal } = listening;
    yes(() => settle(true), signal);
    no.addEventListener("click", () => settle(false), { signal });
    dialog.addEventListener("close", () => settle(false), { signal });
    dialog.showModal();
  });
}

function confirmed(title, text, yes) {
  write(byId("confirm-title"), title);
  write(byId("confirm-text"), text);
  write(byId("confirm-yes"), yes);
  return asked(byId("confirm"), (settle, signal) => byId("confirm-yes").addEventListener("click", settle, { signal }), byId("confirm-no"));
}

/** Asks for the token, once for a tab unless the server refuses it. Returns whether there is one now. */
export async function askForToken(why) {
  if (byId("token").open) return false;
  write(byId("token-text"), why);
  const field = byId("token-value");
  const judge = fits => {
    write(byId("token-problem"), fits ? "" : "This is no token: expected ASCII letters, digits and signs without blanks; what was entered has another character, perhaps an invisible one.");
    mark(field, "aria-invalid", !fits);
    return fits;
  };
  field.value = "";
  judge(true);
  const given = await asked(byId("token"), (settle, signal) => byId("token-form").addEventListener("submit", event => {
    event.preventDefault();
    if (judge(isToken(field.value.trim()))) settle();
    else field.focus();
  }, { signal }), byId("token-no"));
  if (given) keepToken(field.value.trim());
  field.value = "";
  return given;
}

/** The commands of one page; `place()` gives the base address and the run's name, `changed()` follows a new token. */
export class Steering {
  #place;
  #changed;
  #able = null;
  #busy = false;
  #asked = null;
  /** The words of a peer that refused the token, which may still be right for the server of this page. */
  #doubt = null;

  constructor(place, changed) {
    this.#place = place;
    this.#changed = changed;
  }

  /** Whether the present server can change anything; null while that is not known. */
  set able(value) {
    this.#able = value;
  }

  get able() {
    return this.#able === true;
  }

  render(tree) {
    const commands = this.able ? COMMANDS.filter(command => command.fits(tree)) : [];
    sync(byId("steer"), commands, command => command.key,
      command => this.button(command.name, () => this.#command(command), command.danger ? "danger" : command.main ? "main" : ""),
      node => this.settle(node));
    if (this.#able === false) {
      this.#explain(`Steering is off here: this coordinator has no http.token, so nothing can be changed through it. In a terminal: ./blocksmith pause ${tree.where}`);
    } else if (byId("outcome").dataset.kind === "off") {
      this.#say("", "");
    }
    const failed = this.able && tree.failure ? [tree.failure.stage] : [];
    sync(byId("failure-actions"), failed, key => key, key => this.button(`Retry ${midSentence(key)} …`, () => this.retry(key, false)), node => this.settle(node));
    const requests = tree.requests ?? [];
    if (this.#asked && Date.now() - this.#asked.at > TAKEN_UP && !requests.some(request => request.id === this.#asked.id)) {
      this.#asked = null;
      this.#say("", "");
    }
    show(byId("pending"), requests.length > 0);
    sync(byId("pending"), requests, request => request.id, () => element("li"),
      (node, request) => write(node, `Asked for: ${request.asks}${request.by ? ` (by ${request.by})` : ""}; waiting for the supervisor.`));
  }

  /** A button that asks for something; hidden ones are not made at all. */
  button(name, action, kind = "") {
    const node = element("button", { type: "button", class: kind || null }, name);
    node.addEventListener("click", () => {
      if (!this.#busy) action();
    });
    return node;
  }

  /** Draws a button of {@link button} as of now: while something is asked for, it does nothing. */
  settle(node) {
    mark(node, "aria-disabled", this.#busy);
  }

  async #command({ key, danger }) {
    const { run } = this.#place();
    if (danger && !await confirmed(`Cancel ${run}?`, "What runs is saved and the supervision ends. The run can be started again and goes on from there.", "Cancel the run")) return;
    await this.#ask(run, key, {}, key);
  }

  /** `hasResult`: the stage is done and would be made again. */
  async retry(key, hasResult) {
    const { run } = this.#place();
    const name = midSentence(key);
    const text = hasResult ? "Its result is forgotten and made again, which takes as long as the first time. What was built on it stays, because the stage leaves the same bytes again."
      : "Its failures are forgotten and it has all its tries again.";
    if (await confirmed(`Retry ${name} of ${run}?`, text, "Retry")) await this.#ask(run, "retry", { stage: key, yes: hasResult }, `retry of ${name}`);
  }

  async drain(worker) {
    const { run } = this.#place();
    if (await confirmed(`Drain ${worker} in ${run}?`, "It gets no more work of this run. What it runs is saved and goes to another worker; without another one the run waits.", "Drain")) {
      await this.#ask(run, "drain", { worker }, `drain of ${worker}`);
    }
  }

  undrain(worker) {
    return this.#ask(this.#place().run, "undrain", { worker }, `undrain of ${worker}`);
  }

  /** `run` is the one that was shown at the click: while a dialog is open, the page may turn to another. */
  async #ask(run, command, body, name) {
    if ((!token() || this.#doubt) && !await askForToken(this.#doubt ?? `Changing ${run} needs the token of this cluster.`)) return;
    this.#doubt = null;
    if (!this.#shows(run)) {
      this.#say(`Nothing was asked for: ${name} was meant for ${run}, and the page shows another run now.`, "error");
      return;
    }
    this.#busy = true;
    this.#asked = null;
    this.#say(`Asking for ${name} …`, "busy");
    this.#changed();
    const { base } = this.#place();
    try {
      const answer = await call(base, runPath(run, command), { body, signal: AbortSignal.timeout(15_000) });
      this.#asked = { id: (await answer.json()).request, at: Date.now() };
      this.#say(`Asked for ${this.#named(name, run)}. The supervisor takes it up at its next look.`, "done");
    } catch (error) {
      this.#refused(error, base, this.#named(name, run));
    } finally {
      this.#busy = false;
      this.#changed();
    }
  }

  #refused(error, base, name) {
    if (!(error instanceof Refusal)) {
      this.#say(`No answer to ${name}, ${new URL(base).host}: ${reasonOf(error)}. Whether it was taken shows below.`, "error");
      return;
    }
    if (error.status === 401 && base === own) forgetToken();
    else if (error.status === 401) this.#doubt = `${new URL(base).host} refused the token: ${error.message}`;
    this.#say(`Refused ${name}: ${error.message}`, "error");
  }

  #shows(run) {
    return this.#place().run === run;
  }

  /** What was asked for, with the run where the page has turned to another since. */
  #named(name, run) {
    return this.#shows(run) ? name : `${name} of ${run}`;
  }

  #explain(text) {
    this.#say(text, "off");
  }

  #say(text, kind) {
    write(byId("outcome"), text);
    byId("outcome").dataset.kind = kind;
  }
}
