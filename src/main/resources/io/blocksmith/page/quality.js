// What came of the whole model: the curve of E2E-QP and the perplexities.
import { isEndToEnd } from "./attempts.js";
import { CommittedCurve } from "./committed.js";
import { curve, plot } from "./curve.js";
import { byId, element, mark, show, sync, write } from "./dom.js";
import { NONE, isNumber, number, subject, subjects } from "./format.js";

export function renderPerplexities(tree) {
  const known = tree.perplexities ?? {};
  const rows = subjects.filter(key => isNumber(known[key]));
  const full = known["full-precision"];
  show(byId("quality-part"), rows.length > 0);
  sync(byId("quality-rows"), rows, key => key,
    key => element("tr", {}, element("th", { scope: "row" }, element("span", { class: `swatch ${key}`, "aria-hidden": "true" }), subject(key)),
      element("td", { class: "number" }), element("td", { class: "number" })),
    (row, key) => {
      write(row.children[1], number(known[key], 4));
      write(row.children[2], full > 0 ? number(known[key] / full) : NONE);
      mark(row, "data-subject", key);
    });
}

/** The curve that E2E-QP left. While it runs, its card shows the one of now. */
export class EndToEnd {
  #place;
  #committed = new CommittedCurve();
  #figure = curve();

  constructor(place) {
    this.#place = place;
    byId("end-to-end").append(this.#figure);
  }

  forget() {
    this.#committed.forget();
  }

  render(tree) {
    const committed = (tree.committed ?? []).find(entry => isEndToEnd(entry.stage));
    if (committed) this.#committed.want(this.#place(), committed.stage, committed.at, () => this.render(this.#place().tree));
    const { curve: left } = this.#committed;
    const start = committed?.["start-loss"];
    const lines = [{ name: "training", kind: "training", points: left?.training }, { name: "validation", kind: "validation", points: left?.validation }];
    show(byId("end-to-end-part"), Boolean(committed) && plot(this.#figure, { lines, subject: "E2E-QP", reference: { name: `at its start ${number(start)}`, value: start } }));
  }
}
