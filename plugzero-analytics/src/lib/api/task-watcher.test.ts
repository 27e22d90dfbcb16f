import { beforeEach, describe, expect, it, vi } from "vitest";
import { resetSession } from "@/lib/session/client";
import { accessToken, json, problem } from "@/test/tokens";
import { EventStreamParser } from "./event-stream";
import { watchTask } from "./task-watcher";
import type { TaskRun, TaskState } from "./types";

const run = (state: TaskState, current = 0): TaskRun => ({
  task_id: "t1", kind: "analysis.run_procedure", state, project_id: null, created_by: null, attempt: 1, cancel_requested: false,
  progress: { current, total: 10, stage: "", message: "" }, result: null, error: null, created_at: "2026-01-01T00:00:00Z", started_at: null, finished_at: null,
});
const event = (value: TaskRun): string => `event: task\ndata: ${JSON.stringify(value)}\n\n`;

function stream(...chunks: string[]): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function serve(api: (path: string, request: Request) => Response) {
  vi.stubGlobal("fetch", async (input: Request | string) => {
    const path = new URL(input instanceof Request ? input.url : input, "http://localhost").pathname;
    return path.startsWith("/session") ? json({ access: accessToken(600) }) : api(path, input as Request);
  });
}

beforeEach(() => resetSession());

describe("EventStreamParser", () => {
  it("puts events together across chunks, and skips comments", () => {
    const parser = new EventStreamParser();
    expect(parser.push(": keep-alive\n\nevent: ta")).toEqual([]);
    expect(parser.push("sk\ndata: a\ndata: b\n")).toEqual([]);
    expect(parser.push("\n")).toEqual([{ event: "task", data: "a\nb", id: "" }]);
  });
  it("reads CRLF", () => {
    expect(new EventStreamParser().push("data: x\r\n\r\n")).toEqual([{ event: "message", data: "x", id: "" }]);
  });
});

describe("watchTask", () => {
  it("follows the stream to the end", async () => {
    serve((path) => (path.endsWith("/events/") ? stream(event(run("STARTED", 3)).slice(0, 20), event(run("STARTED", 3)).slice(20), event(run("SUCCESS", 10))) : json(run("PENDING"))));
    const seen: TaskState[] = [];
    await watchTask("t1", new AbortController().signal, (value) => seen.push(value.state));
    expect(seen).toEqual(["PENDING", "STARTED", "SUCCESS"]);
  });
  it("polls with the ETag where there is no stream", async () => {
    vi.useFakeTimers();
    const etags: (string | null)[] = [];
    const answers = [json(run("STARTED"), 200, { etag: '"1"', "retry-after": "1" }), new Response(null, { status: 304 }), json(run("FAILURE"), 200, { etag: '"2"' })];
    serve((path, request) => {
      if (path.endsWith("/events/")) return problem(503, "service_unavailable");
      etags.push(request.headers.get("if-none-match"));
      return answers[etags.length - 1] ?? problem(500, "internal_error");
    });
    const seen: TaskState[] = [];
    const watching = watchTask("t1", new AbortController().signal, (value) => seen.push(value.state));
    await vi.advanceTimersByTimeAsync(10_000);
    await watching;
    vi.useRealTimers();
    expect(seen).toEqual(["STARTED", "FAILURE"]);
    expect(etags).toEqual([null, '"1"', '"1"']);
  });
  it("survives an API that is down for a while", async () => {
    vi.useFakeTimers();
    let polls = 0;
    serve((path) => (path.endsWith("/events/") ? problem(503, "service_unavailable") : (polls += 1) < 3 ? problem(503, "service_unavailable") : json(run("SUCCESS"))));
    const seen: TaskState[] = [];
    const watching = watchTask("t1", new AbortController().signal, (value) => seen.push(value.state));
    await vi.advanceTimersByTimeAsync(60_000);
    await watching;
    vi.useRealTimers();
    expect(seen).toEqual(["SUCCESS"]);
  });
  it("throws what no waiting can mend", async () => {
    serve(() => problem(404, "task_not_found"));
    await expect(watchTask("t1", new AbortController().signal, () => undefined)).rejects.toMatchObject({ code: "task_not_found" });
  });
});
