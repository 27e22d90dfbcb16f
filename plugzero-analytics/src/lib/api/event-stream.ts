export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

/**
 * Incremental reader of the text/event-stream format (WHATWG). EventSource cannot send an Authorization
 * header, so the stream comes through fetch and is cut into events here.
 */
export class EventStreamParser {
  private buffer = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  push(chunk: string): ServerEvent[] {
    this.buffer += chunk;
    const out: ServerEvent[] = [];
    for (;;) {
      const match = /\r\n|\n|\r(?=[^\n])/.exec(this.buffer);
      if (!match) return out;
      const line = this.buffer.slice(0, match.index);
      this.buffer = this.buffer.slice(match.index + match[0].length);
      if (line === "") {
        if (this.data.length) out.push({ event: this.event || "message", data: this.data.join("\n"), id: this.id });
        this.event = "";
        this.data = [];
        continue;
      }
      if (line.startsWith(":")) continue;
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") this.event = value;
      else if (field === "data") this.data.push(value);
      else if (field === "id") this.id = value;
    }
  }
}

export async function* readEventStream(response: Response, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new EventStreamParser();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      yield* parser.push(value);
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
