import { apiFetch } from "@/lib/api/fetch";
import { ApiProblem, isProblem, parseRetryAfter, readProblem } from "@/lib/api/problem";
import { sendJson } from "@/lib/api/request";
import type { TaskRun } from "@/lib/api/types";
import { currentAccess, refreshAccess } from "@/lib/session/client";
import { currentTeam } from "@/lib/session/team";

/** Files above this size go up in parts, so that a broken connection costs one part and not the file. */
export const RESUMABLE_FROM = 64 * 1024 * 1024;
export const PART_SIZE = 8 * 1024 * 1024;
const MAX_PART_RETRIES = 5;
const STORE = "plugzero.uploads";

export interface TransferOptions {
  project: string;
  file: File;
  signal: AbortSignal;
  onProgress: (sentBytes: number) => void;
}

/** Names an upload for the API, so that a repeated request starts one ingestion, not two. */
function idempotencyKey(): string {
  return crypto.randomUUID();
}

/** One request; XMLHttpRequest because fetch does not report how much of a body has left. */
function sendForm(form: FormData, access: string, key: string, { signal, onProgress, file }: TransferOptions): Promise<TaskRun> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/files/");
    request.responseType = "text";
    request.setRequestHeader("Authorization", `Bearer ${access}`);
    request.setRequestHeader("Idempotency-Key", key);
    const team = currentTeam();
    if (team) request.setRequestHeader("X-Team-ID", team);
    request.upload.addEventListener("progress", (event) => onProgress(Math.min(file.size, event.loaded)));
    request.addEventListener("error", () => reject(new ApiProblem({ status: 0, code: "network_unreachable", title: "" })));
    request.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")));
    request.addEventListener("load", () => {
      const headers = new Headers({ "content-type": request.getResponseHeader("content-type") ?? "" });
      const requestId = request.getResponseHeader("x-request-id");
      const retryAfter = request.getResponseHeader("retry-after");
      if (requestId) headers.set("x-request-id", requestId);
      if (retryAfter) headers.set("retry-after", retryAfter);
      const response = new Response(request.responseText, { status: request.status, headers });
      if (response.ok) void response.json().then((run: TaskRun) => resolve(run), reject);
      else void readProblem(response).then(reject, reject);
    });
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

async function sendWhole(options: TransferOptions): Promise<TaskRun> {
  const form = new FormData();
  form.set("project", options.project);
  form.set("file", options.file, options.file.name);
  const key = idempotencyKey();
  const access = await currentAccess();
  try {
    return await sendForm(form, access, key, options);
  } catch (error) {
    if (!isProblem(error) || error.status !== 401) throw error;
    return sendForm(form, await refreshAccess(access), key, options);
  }
}

interface UploadSession {
  id: string;
  offset: number;
}

/** What identifies a file over a reload: the browser gives no path. */
function fingerprint({ project, file }: TransferOptions): string {
  return [currentTeam(), project, file.name, file.size, file.lastModified].join("|");
}

function remembered(): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(window.localStorage.getItem(STORE) ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, string>) : {};
  } catch {
    return {};
  }
}

function remember(key: string, id: string | null): void {
  const all = remembered();
  if (id === null) delete all[key];
  else all[key] = id;
  try {
    window.localStorage.setItem(STORE, JSON.stringify(all));
  } catch {
    // Without storage the upload still works; it just cannot be resumed after a reload.
  }
}

async function openSession(options: TransferOptions): Promise<UploadSession> {
  const known = remembered()[fingerprint(options)];
  if (known) {
    try {
      return (await (await apiFetch(`/api/v1/uploads/${known}/`, { signal: options.signal })).json()) as UploadSession;
    } catch (error) {
      if (!isProblem(error) || (error.status !== 404 && error.status !== 410)) throw error;
      remember(fingerprint(options), null);
    }
  }
  const session = await sendJson<UploadSession>(
    "POST", "/api/v1/uploads/", { project: options.project, name: options.file.name, size: options.file.size }, { signal: options.signal },
  );
  remember(fingerprint(options), session.id);
  return session;
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

async function sendParts(options: TransferOptions): Promise<TaskRun> {
  const { file, signal, onProgress } = options;
  const session = await openSession(options);
  let offset = session.offset;
  let failures = 0;
  onProgress(offset);
  while (offset < file.size) {
    signal.throwIfAborted();
    try {
      const response = await apiFetch(`/api/v1/uploads/${session.id}/`, {
        method: "PATCH",
        body: file.slice(offset, offset + PART_SIZE),
        headers: { "content-type": "application/octet-stream", "upload-offset": String(offset) },
        signal,
        timeoutMs: 120_000,
      });
      offset = parseRetryAfter(response.headers.get("upload-offset")) ?? Math.min(file.size, offset + PART_SIZE);
      failures = 0;
    } catch (error) {
      if (!isProblem(error)) throw error;
      const canAskAgain = error.isTransient || error.status === 409;
      failures += 1;
      if (!canAskAgain || failures > MAX_PART_RETRIES) throw error;
      await pause(error.retryAfter ?? Math.min(20, 2 ** failures), signal);
      // The server knows how much arrived, also of the part that failed.
      offset = ((await (await apiFetch(`/api/v1/uploads/${session.id}/`, { signal })).json()) as UploadSession).offset;
    }
    onProgress(offset);
  }
  const run = await sendJson<TaskRun>("POST", `/api/v1/uploads/${session.id}/complete/`, undefined, { signal });
  remember(fingerprint(options), null);
  return run;
}

/** Brings a file to the API; the task run it starts makes Datasets of it. */
export function transferFile(options: TransferOptions): Promise<TaskRun> {
  return options.file.size > RESUMABLE_FROM ? sendParts(options) : sendWhole(options);
}
