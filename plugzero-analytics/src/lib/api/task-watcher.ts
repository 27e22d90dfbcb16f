import { apiFetch } from "./fetch";
import { readEventStream } from "./event-stream";
import { isProblem, parseRetryAfter } from "./problem";
import { FINAL_STATES, type TaskRun } from "./types";

const POLL_SECONDS = 1.5;
const MAX_POLL_SECONDS = 30;
const STREAM_FAILURES_BEFORE_POLLING = 2;

function isTaskRun(value: unknown): value is TaskRun {
  return typeof value === "object" && value !== null && "task_id" in value && "state" in value;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

async function follow(taskId: string, signal: AbortSignal, onRun: (run: TaskRun) => void): Promise<boolean> {
  const response = await apiFetch(`/api/v1/tasks/${taskId}/events/`, {
    // The API answers with a redirect to the stream and, being no stream itself, has to be accepted as well.
    headers: { accept: "text/event-stream, application/json;q=0.5" },
    signal,
    timeoutMs: 0,
  });
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return false;
  for await (const event of readEventStream(response, signal)) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(event.data);
    } catch {
      continue;
    }
    if (!isTaskRun(parsed)) continue;
    onRun(parsed);
    if (FINAL_STATES.has(parsed.state)) return true;
  }
  return false;
}

/**
 * Reports a task run until it ends: by the event stream, and by polling (with ETag and Retry-After) wherever
 * the stream cannot be had. Ends without a throw when aborted; throws what polling cannot get over.
 */
export async function watchTask(taskId: string, signal: AbortSignal, onRun: (run: TaskRun) => void): Promise<void> {
  let streamFailures = 0;
  let etag: string | null = null;
  let pause = POLL_SECONDS;
  while (!signal.aborted) {
    try {
      const response = await apiFetch(`/api/v1/tasks/${taskId}/`, {
        headers: etag ? { "if-none-match": etag } : {},
        signal,
      });
      etag = response.headers.get("etag") ?? etag;
      pause = Math.min(MAX_POLL_SECONDS, parseRetryAfter(response.headers.get("retry-after")) ?? POLL_SECONDS);
      if (response.status !== 304) {
        const run: unknown = await response.json();
        if (isTaskRun(run)) {
          onRun(run);
          if (FINAL_STATES.has(run.state)) return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isProblem(error) || !error.isTransient) throw error;
      pause = Math.min(MAX_POLL_SECONDS, error.retryAfter ?? pause * 2);
    }
    if (streamFailures < STREAM_FAILURES_BEFORE_POLLING) {
      try {
        if (await follow(taskId, signal, onRun)) return;
      } catch {
        if (signal.aborted) return;
      }
      // A stream that ended early counts as a failure: the next poll tells what was missed.
      streamFailures += 1;
    }
    await wait(pause * 1000, signal);
  }
}
