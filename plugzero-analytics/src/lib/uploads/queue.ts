import { transferFile } from "./transfer";

export interface UploadItem {
  id: number;
  name: string;
  size: number;
  project: string;
  sent: number;
  state: "waiting" | "sending" | "ingesting" | "failed";
  taskId: string | null;
  error: unknown;
}

const PARALLEL = 2;

let items: readonly UploadItem[] = [];
let nextId = 1;
const files = new Map<number, { file: File; controller: AbortController }>();
const listeners = new Set<() => void>();

function set(next: readonly UploadItem[]): void {
  items = next;
  listeners.forEach((listener) => listener());
}

function update(id: number, change: Partial<UploadItem>): void {
  set(items.map((item) => (item.id === id ? { ...item, ...change } : item)));
}

/** Uploads live outside the pages: moving to another page does not stop them. */
export const uploadQueue = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  items: (): readonly UploadItem[] => items,
  add(project: string, chosen: Iterable<File>): void {
    const added = [...chosen].map((file): UploadItem => {
      const id = nextId;
      nextId += 1;
      files.set(id, { file, controller: new AbortController() });
      return { id, name: file.name, size: file.size, project, sent: 0, state: "waiting", taskId: null, error: null };
    });
    set([...items, ...added]);
    pump();
  },
  retry(id: number): void {
    const held = files.get(id);
    if (!held) return;
    files.set(id, { file: held.file, controller: new AbortController() });
    update(id, { state: "waiting", error: null });
    pump();
  },
  remove(id: number): void {
    files.get(id)?.controller.abort();
    files.delete(id);
    set(items.filter((item) => item.id !== id));
  },
};

function pump(): void {
  const sending = items.filter((item) => item.state === "sending").length;
  items
    .filter((item) => item.state === "waiting")
    .slice(0, Math.max(0, PARALLEL - sending))
    .forEach((item) => void send(item));
}

async function send(item: UploadItem): Promise<void> {
  const held = files.get(item.id);
  if (!held) return;
  update(item.id, { state: "sending" });
  try {
    const run = await transferFile({
      project: item.project,
      file: held.file,
      signal: held.controller.signal,
      onProgress: (sent) => update(item.id, { sent }),
    });
    files.delete(item.id);
    update(item.id, { state: "ingesting", sent: item.size, taskId: run.task_id });
  } catch (error) {
    if (!held.controller.signal.aborted) update(item.id, { state: "failed", error });
  } finally {
    pump();
  }
}
