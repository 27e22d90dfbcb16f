"use client";

import { useQuery } from "@tanstack/react-query";
import { Download, History } from "lucide-react";
import { useState } from "react";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Input } from "@/components/ui/input";
import { Pagination } from "@/components/ui/pagination";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { type Activity, exportActivity, listActivity } from "@/lib/api/account";
import { teamKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { saveBlob } from "@/lib/save-file";

const PAGE_SIZE = 50;

export function ActivityPage() {
  const { t } = useI18n();
  const { team } = useMeta();
  const { get, set, page } = useUrlState();
  const action = get("action") ?? "";
  const [typed, setTyped] = useState(action);
  const filter = { page, action: action || undefined };
  const query = useQuery({
    queryKey: teamKeys.part("activity", { team: team?.id, ...filter }),
    queryFn: ({ signal }) => listActivity(team?.id ?? "", filter, signal),
    enabled: team !== null,
    placeholderData: (previous) => previous,
  });
  const save = async (): Promise<void> => {
    try {
      saveBlob(await (await exportActivity(team?.id ?? "", action || undefined)).blob(), "activity.csv");
    } catch (error) {
      toast(describeProblem(error, t).title, { tone: "bad" });
    }
  };
  return (
    <>
      <PageHeader
        title={t("nav.activity")}
        intro={t("activity.intro")}
        actions={
          <>
            <form role="search" onSubmit={(event) => { event.preventDefault(); set({ action: typed.trim(), page: null }); }}>
              <Input type="search" className="w-56" dir="ltr" aria-label={t("activity.filter")} placeholder={t("activity.filter")} value={typed} onChange={(event) => setTyped(event.target.value)} />
            </form>
            <Button onClick={() => void save()}><Download aria-hidden /> CSV</Button>
          </>
        }
      />
      {query.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-72" /></LoadingRegion> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={History} title={t("common.nothingFound")} /> : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <ol className="divide-y divide-line">
            {query.data.results.map((entry) => (
              <ActivityRow key={entry.id} entry={entry} />
            ))}
          </ol>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
    </>
  );
}

function ActivityRow({ entry }: { entry: Activity }) {
  const { t, format } = useI18n();
  const fields = [...new Set([...Object.keys(entry.before), ...Object.keys(entry.after)])];
  const text = (value: unknown): string => (value === undefined || value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value));
  return (
    <li className="px-4 py-2.5 text-sm">
      <div className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
        <span dir="auto" className="font-medium">{entry.actor.name || t(entry.actor.kind === "system" ? "activity.system" : "activity.gone")}</span>
        <code dir="ltr" className="rounded bg-sunken px-1.5 py-0.5 font-mono text-xs">{entry.action}</code>
        <span dir="auto" className="min-w-0 truncate text-ink-2">{entry.object_label}</span>
        <time dateTime={entry.created_at} title={format.dateTime(entry.created_at)} className="ms-auto text-xs whitespace-nowrap text-ink-3">{format.relative(entry.created_at)}</time>
      </div>
      {fields.length > 0 ? (
        <details className="mt-1 text-xs text-ink-3">
          <summary>{t("activity.changes", { count: fields.length })}</summary>
          <dl className="mt-1 grid gap-x-3 gap-y-0.5 sm:grid-cols-[auto_1fr]">
            {fields.map((field) => (
              <div key={field} className="contents">
                <dt dir="ltr" className="font-mono">{field}</dt>
                <dd dir="auto" className="break-words">{text(entry.before[field])} → {text(entry.after[field])}</dd>
              </div>
            ))}
          </dl>
          <p dir="ltr" className="mt-1">{entry.ip_address} · {entry.request_id}</p>
        </details>
      ) : null}
    </li>
  );
}
