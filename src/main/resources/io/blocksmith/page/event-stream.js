// Server-sent events out of a fetch. EventSource cannot send an Authorization header.
import { Unreachable } from "./api.js";

const LONGEST = 8 * 1024 * 1024;

/** Calls `onEvent(name, data)` for each event of the body and returns at its end. */
export async function readEvents(body, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let name = "message";
  let data = [];
  const line = text => {
    if (text === "") {
      if (data.length) onEvent(name, data.join("\n"));
      name = "message";
      data = [];
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(text);
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
  };
  for (;;) {
    const { done, value } = await reader.read().catch(error => { throw Unreachable.from(error); });
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n/);
    rest = lines.pop();
    if (rest.length > LONGEST) throw new Unreachable("it sent an event that does not end");
    lines.forEach(line);
  }
}
