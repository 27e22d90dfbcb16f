"use client";

import { useQuery } from "@tanstack/react-query";
import { ListTodo } from "lucide-react";
import Link from "next/link";
import { TaskRow } from "@/components/task/task-row";
import { Button } from "@/components/ui/button";
import { Popover, PopoverClose, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { taskKeys } from "@/lib/api/keys";
import { listTasks, type TaskFilter } from "@/lib/api/tasks";

const ACTIVE: TaskFilter = { state: ["PENDING", "STARTED", "RETRY"], page_size: 10 };
const REFRESH_MS = 15_000;

export function useActiveTasks() {
  const { can } = useMeta();
  return useQuery({
    queryKey: taskKeys.list({ ...ACTIVE }),
    queryFn: ({ signal }) => listTasks(ACTIVE, signal),
    enabled: can("tasks.view"),
    refetchInterval: REFRESH_MS,
  });
}

export function RunningTasks() {
  const { t } = useI18n();
  const { can } = useMeta();
  const query = useActiveTasks();
  const count = query.data?.count ?? 0;
  if (!can("tasks.view")) return null;
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button variant="ghost" size="sm" className="h-8" aria-label={t("shell.runningTasks", { count })}>
          <ListTodo aria-hidden />
          {count > 0 ? <span className="tabular rounded-full bg-accent px-1.5 text-[0.6875rem] leading-4 text-accent-ink">{count}</span> : null}
        </Button>
      </PopoverTrigger>
      <PopoverContent align="end" className="w-[min(24rem,calc(100vw-1rem))] p-0">
        <p className="border-b border-line px-4 py-2.5 text-sm font-semibold">{t("shell.runningTasks", { count })}</p>
        {count === 0 ? <p className="px-4 py-6 text-center text-sm text-ink-3">{t("task.noneRunning")}</p> : null}
        <ul className="scroll-thin max-h-96 divide-y divide-line overflow-y-auto">
          {query.data?.results.map((run) => (
            <li key={run.task_id} className="px-4 py-3">
              <TaskRow run={run} dense />
            </li>
          ))}
        </ul>
        <div className="border-t border-line p-2">
          <PopoverClose asChild>
            <Button asChild variant="ghost" size="sm" className="w-full">
              <Link href="/tasks">{t("task.all")}</Link>
            </Button>
          </PopoverClose>
        </div>
      </PopoverContent>
    </Popover>
  );
}
