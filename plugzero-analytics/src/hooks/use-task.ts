"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { taskKeys } from "@/lib/api/keys";
import { watchTask } from "@/lib/api/task-watcher";
import { FINAL_STATES, type TaskRun } from "@/lib/api/types";
import { getTask } from "@/lib/api/tasks";

interface UseTaskOptions {
  /** Called once, when this hook sees the run end. */
  onEnd?: (run: TaskRun) => void;
}

/**
 * The live state of a task run. The id is all that is needed, so a page that keeps it in its URL picks the
 * run up again after a reload.
 */
export function useTask(taskId: string | null | undefined, { onEnd }: UseTaskOptions = {}) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: taskKeys.detail(taskId ?? ""),
    queryFn: ({ signal }) => getTask(taskId ?? "", signal),
    enabled: Boolean(taskId),
    staleTime: Infinity,
  });
  const state = query.data?.state;
  const ended = state !== undefined && FINAL_STATES.has(state);
  const known = state !== undefined;

  useEffect(() => {
    if (!taskId || !known || ended) return;
    const controller = new AbortController();
    watchTask(taskId, controller.signal, (run) => {
      if (controller.signal.aborted) return;
      client.setQueryData(taskKeys.detail(taskId), run);
      if (FINAL_STATES.has(run.state)) {
        void client.invalidateQueries({ queryKey: taskKeys.lists() });
        onEnd?.(run);
      }
    }).catch(() => {
      if (!controller.signal.aborted) void client.invalidateQueries({ queryKey: taskKeys.detail(taskId) });
    });
    return () => controller.abort();
    // onEnd is a notification, not an input: a new closure must not restart the stream.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, taskId, known, ended]);

  return query;
}

/** Share done from 0 to 1, or null when the run does not say how long it is. */
export function taskShare(run: TaskRun): number | null {
  if (run.state === "SUCCESS") return 1;
  const { current, total } = run.progress;
  return total && total > 0 ? Math.min(1, current / total) : null;
}
