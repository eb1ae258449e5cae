// A coordinator's HTTP side by the contract, without a run behind it: serves the real page and scripted documents.
// By hand: PAGE_RESOURCES=src/main/resources/io/blocksmith/page node src/test/npm/page/fake-server.mjs 8081
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as documents from "./documents.mjs";

const RESOURCES = process.env.PAGE_RESOURCES;
if (!RESOURCES) throw new Error("PAGE_RESOURCES: expected the folder of the page, src/main/resources/io/blocksmith/page");
const TYPES = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", svg: "image/svg+xml" };
export const TOKEN = "a-token-for-tests";

export class FakeServer {
  /** Run names to functions that make their documents. */
  runs = new Map();
  peers = [];
  canChange = true;
  token = TOKEN;
  /** Requests are answered when this is over. */
  delay = null;
  readsNeedToken = false;
  /** How many questions for the cluster it still fails to answer. */
  clusterFails = 0;
  /** Answers nothing any more, but keeps connections open. */
  frozen = false;
  /** While it is set, the store cannot be read: streams tell it, everything else below /runs is a 503. */
  trouble = null;
  /** What becomes of a stream that is asked for next: a status, e.g. 401 of a peer with another token. */
  refuses = null;
  asked = [];
  /** How often a stream was asked for. */
  streams = 0;
  /** Answers with the curve of a run's stage, or with the status of an error. */
  curve = async (run, stage) => documents.committedCurve(stage);
  listeners = new Set();
  #server = createServer((request, response) => this.#answer(request, response));
  #clock = null;

  async start(port = 0) {
    await new Promise((resolve, reject) => this.#server.once("error", reject).listen(port, "127.0.0.1", resolve));
    this.port = this.#server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    this.#clock = setInterval(() => this.send(), 1000);
    return this;
  }

  /** As with kill -9: connections break. */
  async kill() {
    clearInterval(this.#clock);
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
    this.listeners.clear();
  }

  send() {
    if (this.frozen) return;
    for (const { response, run } of this.listeners) this.#event(response, run);
  }

  #event(response, run) {
    if (this.trouble) return response.write(`event: trouble\ndata: ${JSON.stringify({ error: { status: 503, what: this.trouble } })}\n\n`);
    const tree = { ...this.runs.get(run)(), now: new Date().toISOString() };
    response.write(`event: status\nid: ${Date.now()}\ndata: ${JSON.stringify(tree)}\n\n`);
  }

  #answer(request, response) {
    if (this.frozen) return;
    const url = new URL(request.url, this.url);
    if (!url.pathname.startsWith("/api/")) return this.#resource(url.pathname, response);
    const origin = request.headers.origin;
    if (origin && this.peers.concat(this.url).includes(origin)) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
      response.setHeader("Access-Control-Allow-Methods", "GET, POST");
    }
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const allowed = request.headers.authorization === `Bearer ${this.token}`;
    const changes = request.method === "POST";
    if (changes && !this.canChange) return this.#error(response, 403, "nothing can be changed here", "set http.token");
    if ((changes || this.readsNeedToken) && !allowed) return this.#error(response, 401, "the token is wrong or missing", "give the http.token of this cluster");
    const [, , , collection, name, action, stage] = url.pathname.split("/").map(decodeURIComponent);
    if (collection === "cluster" && this.clusterFails-- > 0) return this.#error(response, 503, "not yet a member of its cluster");
    if (collection === "cluster") return this.#json(response, 200, { self: this.url, peers: this.peers, "can-change": this.canChange, version: "0.1.0-fake" });
    if (collection !== "runs") return this.#error(response, 404, `${url.pathname} is not a path of this API`);
    if (this.trouble) return this.#error(response, 503, this.trouble, "repair the store; nothing is lost");
    if (!name) return this.#json(response, 200, { runs: [...this.runs].map(([run, make]) => { const { phase, percent, "seconds-left": left } = make(); return { run, phase, percent, "seconds-left": left, stale: false }; }) });
    if (!this.runs.has(name)) return this.#error(response, 404, `${name}: no such run`);
    if (changes) return this.#change(request, response, name, action);
    if (action === "stream" && this.refuses) return this.#error(response, this.refuses, `refused with ${this.refuses}`);
    if (action === "stream") return this.#stream(response, name);
    if (action === "curves") return this.#curve(response, name, stage);
    return this.#json(response, 200, this.runs.get(name)());
  }

  async #curve(response, run, stage) {
    const answer = await this.curve(run, stage);
    if (typeof answer === "number") this.#error(response, answer, `no curve of ${stage}`);
    else this.#json(response, 200, answer);
  }

  #stream(response, run) {
    this.streams++;
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": hello\n\n");
    const listener = { response, run };
    this.listeners.add(listener);
    response.on("close", () => this.listeners.delete(listener));
    this.#event(response, run);
  }

  #change(request, response, run, action) {
    let body = "";
    request.on("data", part => body += part);
    request.on("end", async () => {
      await this.delay;
      const asked = { run, action, body: JSON.parse(body || "{}") };
      this.asked.push(asked);
      const refused = this.onChange?.(asked);
      if (refused) return this.#error(response, 409, refused);
      this.send();
      return this.#json(response, 202, { request: "00000001", asks: action });
    });
  }

  #resource(path, response) {
    const name = path === "/" ? "index.html" : path.replace(/^\/assets\//, "");
    if (!/^[a-z-]+\.(html|css|js|svg)$/.test(name)) return response.writeHead(404).end();
    try {
      const bytes = readFileSync(join(RESOURCES, name));
      response.writeHead(200, {
        "Content-Type": TYPES[name.split(".").pop()], "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${this.peers.join(" ")}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      }).end(bytes);
    } catch (error) {
      response.writeHead(404).end(String(error.code));
    }
    return undefined;
  }

  #error(response, status, what, advice) {
    return this.#json(response, status, { error: { status, what, "to-do": advice } });
  }

  #json(response, status, tree) {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(tree));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = new FakeServer();
  const started = Date.now();
  server.runs.set("llama-2-70b-w2g64", () => documents.large(Math.floor((Date.now() - started) / 780)));
  for (const [name, make] of [["first", documents.endToEnd], ["resting", documents.paused], ["finished", documents.completed], ["repairing", documents.repairing], ["poison", documents.failed]]) server.runs.set(name, make);
  await server.start(Number(process.argv[2] ?? 0));
  console.log(server.url);
}
