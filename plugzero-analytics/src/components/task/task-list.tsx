"use client";

import { useQuery } from "@tanstack/react-query";
import { ListTodo } from "lucide-react";
import { PageHeader } from "@/components/page-header";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { Select } from "@/components/ui/select";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { taskKeys } from "@/lib/api/keys";
import { listTasks, type TaskFilter } from "@/lib/api/tasks";
import { TaskRow } from "./task-row";

const PAGE_SIZE = 30;
const FILTERS: Readonly<Record<string, TaskFilter["state"]>> = { active: ["PENDING", "STARTED", "RETRY"], failed: ["FAILURE"], done: ["SUCCESS"] };

export function TaskList() {
  const { t } = useI18n();
  const { get, set, page } = useUrlState();
  const show = get("show") ?? "all";
  const filter: TaskFilter = { state: FILTERS[show], page, page_size: PAGE_SIZE };
  const query = useQuery({
    queryKey: taskKeys.list({ ...filter }),
    queryFn: ({ signal }) => listTasks(filter, signal),
    placeholderData: (previous) => previous,
    refetchInterval: 10_000,
  });
  return (
    <>
      <PageHeader
        title={t("nav.tasks")}
        intro={t("task.intro")}
        actions={
          <Select
            aria-label={t("task.show")}
            className="w-44"
            value={show}
            onValueChange={(next) => set({ show: next === "all" ? null : next, page: null })}
            options={[
              { value: "all", label: t("common.all") },
              { value: "active", label: t("task.active") },
              { value: "failed", label: t("task.failed") },
              { value: "done", label: t("task.done") },
            ]}
          />
        }
      />
      {query.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-72" /></LoadingRegion> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={ListTodo} title={t("task.empty")}>{t("task.emptyDetail")}</EmptyState> : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <ul className="divide-y divide-line">
            {query.data.results.map((run) => (
              <li key={run.task_id} className="px-4 py-3"><TaskRow run={run} /></li>
            ))}
          </ul>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
    </>
  );
}
