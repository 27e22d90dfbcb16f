"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleSlash, CircleX, Clock3, LoaderCircle, RotateCw } from "lucide-react";
import Link from "next/link";
import { useEffect, useState } from "react";
import { Badge, type BadgeTone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Progress } from "@/components/ui/progress";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { taskShare, useTask } from "@/hooks/use-task";
import { taskKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { cancelTask } from "@/lib/api/tasks";
import { FINAL_STATES, type TaskRun, type TaskState } from "@/lib/api/types";
import { cn } from "@/lib/class-names";
import type { MessageKey } from "@/lib/i18n/translator";
import { resultPath, taskTitle } from "./task-words";

const STATES: Record<TaskState, { key: MessageKey; tone: BadgeTone; icon: typeof Clock3 }> = {
  PENDING: { key: "task.state.PENDING", tone: "neutral", icon: Clock3 },
  STARTED: { key: "task.state.STARTED", tone: "accent", icon: LoaderCircle },
  RETRY: { key: "task.state.RETRY", tone: "warning", icon: RotateCw },
  SUCCESS: { key: "task.state.SUCCESS", tone: "good", icon: CircleCheck },
  FAILURE: { key: "task.state.FAILURE", tone: "bad", icon: CircleX },
  REVOKED: { key: "task.state.REVOKED", tone: "neutral", icon: CircleSlash },
};

export function TaskStateBadge({ state }: { state: TaskState }) {
  const { t } = useI18n();
  const { key, tone, icon: Icon } = STATES[state];
  return (
    <Badge tone={tone}>
      <Icon className={state === "STARTED" ? "animate-spin" : undefined} aria-hidden />
      {t(key)}
    </Badge>
  );
}

/** Milliseconds since the run began; ticks while it runs. */
function useElapsed(run: TaskRun): number {
  const running = !FINAL_STATES.has(run.state);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const from = Date.parse(run.started_at ?? run.created_at);
  const to = run.finished_at ? Date.parse(run.finished_at) : now;
  return Math.max(0, to - from);
}

interface TaskRowProps {
  run: TaskRun;
  dense?: boolean;
  className?: string;
}

/** One run: what it is, how far it is, how long it has taken, and a way to stop it or to reach its result. */
export function TaskRow({ run: initial, dense, className }: TaskRowProps) {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const live = useTask(FINAL_STATES.has(initial.state) ? null : initial.task_id);
  const run = live.data ?? initial;
  const elapsed = useElapsed(run);
  const active = !FINAL_STATES.has(run.state);
  const cancel = useMutation({
    mutationFn: () => cancelTask(run.task_id),
    onSuccess: (next) => {
      client.setQueryData(taskKeys.detail(run.task_id), next);
      toast(t("task.cancelled"));
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  const to = run.state === "SUCCESS" && run.result ? resultPath(run.result) : null;
  return (
    <div data-slot="task-row" className={cn("flex flex-col gap-1.5", className)}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 flex-1 truncate text-sm font-medium">{taskTitle(run.kind, t)}</span>
        <TaskStateBadge state={run.state} />
        <span className="tabular text-xs text-ink-3">{active ? format.duration(elapsed) : format.relative(run.finished_at ?? run.created_at)}</span>
        {active && can("tasks.cancel") ? (
          <Button size="sm" variant="ghost" pending={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("common.cancel")}
          </Button>
        ) : null}
        {to ? (
          <Button size="sm" variant="secondary" asChild>
            <Link href={to}>{t("task.open")}</Link>
          </Button>
        ) : null}
      </div>
      {active ? <Progress value={taskShare(run)} label={taskTitle(run.kind, t)} /> : null}
      {active && (run.progress.message || run.progress.stage) ? (
        <p className="truncate text-xs text-ink-3" aria-live="polite">
          {run.progress.message || run.progress.stage}
          {run.progress.total ? ` · ${format.number(run.progress.current)} / ${format.number(run.progress.total)}` : ""}
        </p>
      ) : null}
      {run.state === "FAILURE" && run.error ? (
        <p className={cn("text-sm break-words text-bad", dense && "line-clamp-2 text-xs")}>
          {run.error.title}
          {run.error.detail && run.error.detail !== run.error.title ? `: ${run.error.detail}` : ""}
        </p>
      ) : null}
      {!dense && run.state === "FAILURE" && run.error ? (
        <p className="text-xs text-ink-3">
          {t("task.errorCode")} <code className="font-mono">{run.error.code}</code>
        </p>
      ) : null}
    </div>
  );
}
