"use client";

import { useQuery } from "@tanstack/react-query";
import { ArrowRight, Database, FlaskConical, type LucideIcon, Radar, ShieldCheck, Upload } from "lucide-react";
import Link from "next/link";
import { useEffect, useState } from "react";
import { PageHeader } from "@/components/page-header";
import { useActiveTasks } from "@/components/shell/running-tasks";
import { TaskRow } from "@/components/task/task-row";
import { taskTitle, resultPath } from "@/components/task/task-words";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { ErrorState } from "@/components/ui/error-state";
import { Progress } from "@/components/ui/progress";
import { Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { accountKeys, datasetKeys, taskKeys } from "@/lib/api/keys";
import { getMe } from "@/lib/api/account";
import { listDatasets } from "@/lib/api/datasets";
import { listTasks, type TaskFilter } from "@/lib/api/tasks";
import { readLastVisit } from "@/lib/last-visit";
import type { MessageKey } from "@/lib/i18n/translator";

const ENDED: TaskFilter = { state: ["SUCCESS", "FAILURE"], page_size: 12 };

export function HomePage() {
  const { t, locale } = useI18n();
  const { team, can } = useMeta();
  const me = useQuery({ queryKey: accountKeys.part("me"), queryFn: ({ signal }) => getMe(signal), staleTime: 5 * 60_000 });
  const name = me.data?.name.trim().split(/\s+/)[0];
  return (
    <>
      <PageHeader
        eyebrow={new Intl.DateTimeFormat(locale, { dateStyle: "full" }).format(new Date())}
        title={name ? t("home.greeting", { name }) : t("home.welcome")}
        intro={t("home.intro", { team: team?.name ?? "" })}
      />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <NextSteps twoFactor={me.data ? me.data.two_factor.totp || me.data.two_factor.passkeys > 0 : undefined} />
          {can("tasks.view") ? <SinceLastVisit /> : null}
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {can("tasks.view") ? <Running /> : null}
          <Usage />
        </div>
      </div>
    </>
  );
}

function NextSteps({ twoFactor }: { twoFactor: boolean | undefined }) {
  const { t, format } = useI18n();
  const { can, hasApp } = useMeta();
  const query = useQuery({ queryKey: datasetKeys.list({ page_size: 5 }), queryFn: ({ signal }) => listDatasets({ page_size: 5 }, signal), enabled: can("datasets.view") });
  const latest = query.data?.results[0];
  const steps: { icon: LucideIcon; title: string; text: string; href: string }[] = [];
  if (query.data?.count === 0 && can("files.upload")) steps.push({ icon: Upload, title: t("home.step.upload"), text: t("home.step.uploadText"), href: "/data?upload=1" });
  if (latest && hasApp("analysis") && can("analysis.run")) steps.push({ icon: FlaskConical, title: t("home.step.analyse", { name: latest.name }), text: t("home.step.analyseText"), href: `/analysis?dataset=${latest.id}` });
  if (latest) steps.push({ icon: Database, title: t("home.step.profile"), text: t("data.shape", { rows: latest.row_count, columns: latest.column_count }), href: `/data/${latest.id}?tab=columns` });
  if (hasApp("seo_intelligence") && can("seo.audit")) steps.push({ icon: Radar, title: t("home.step.audit"), text: t("home.step.auditText"), href: "/seo?new=1" });
  if (twoFactor === false) steps.push({ icon: ShieldCheck, title: t("home.step.twoFactor"), text: t("home.step.twoFactorText"), href: "/account?tab=security" });
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("home.next")}</CardTitle>
      </CardHeader>
      {query.isPending && can("datasets.view") ? <Skeleton className="m-4 h-24" /> : null}
      {query.isError ? <ErrorState compact className="m-4" error={query.error} onRetry={() => void query.refetch()} /> : null}
      <ul className="divide-y divide-line">
        {steps.map((step) => (
          <li key={step.href + step.title}>
            <Link href={step.href} className="group flex items-center gap-4 px-4 py-3.5 hover:bg-hover">
              <span className="flex size-9 shrink-0 items-center justify-center rounded-md bg-accent-soft text-accent">
                <step.icon className="size-4.5" aria-hidden />
              </span>
              <span className="min-w-0 flex-1">
                <span dir="auto" className="block truncate font-medium">{step.title}</span>
                <span className="block text-sm text-ink-3">{step.text}</span>
              </span>
              <ArrowRight className="mirror-rtl size-4 text-ink-3 transition-transform group-hover:translate-x-0.5" aria-hidden />
            </Link>
          </li>
        ))}
      </ul>
      {query.data && query.data.results.length > 1 ? (
        <div className="border-t border-line px-4 py-3">
          <p className="mb-2 text-xs font-medium text-ink-3">{t("home.recentData")}</p>
          <ul className="flex flex-col gap-1">
            {query.data.results.map((dataset) => (
              <li key={dataset.id} className="flex items-baseline justify-between gap-3 text-sm">
                <Link href={`/data/${dataset.id}`} dir="auto" className="truncate hover:text-accent hover:underline">{dataset.name}</Link>
                <span className="tabular shrink-0 text-xs text-ink-3">{format.relative(dataset.updated_at)}</span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </Card>
  );
}

function SinceLastVisit() {
  const { t, format } = useI18n();
  const { team } = useMeta();
  const [since, setSince] = useState<string | null>(null);
  const teamId = team?.id ?? "";
  useEffect(() => {
    // Reading moves the mark, so it may happen once per visit and not while rendering.
    const timer = setTimeout(() => setSince(readLastVisit(teamId)), 0);
    return () => clearTimeout(timer);
  }, [teamId]);
  const query = useQuery({ queryKey: taskKeys.list({ ...ENDED }), queryFn: ({ signal }) => listTasks(ENDED, signal) });
  const runs = query.data?.results ?? [];
  const fresh = since ? runs.filter((run) => (run.finished_at ?? run.created_at) > since) : runs;
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("home.since")}</CardTitle>
        {since ? <span className="text-xs text-ink-3">{t("home.sinceWhen", { when: format.relative(since) })}</span> : null}
      </CardHeader>
      {query.isPending ? <Skeleton className="m-4 h-24" /> : null}
      {query.isError ? <ErrorState compact className="m-4" error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && fresh.length === 0 ? <p className="px-4 py-8 text-center text-sm text-ink-3">{t("home.nothingNew")}</p> : null}
      <ol className="divide-y divide-line">
        {fresh.slice(0, 8).map((run) => {
          const to = run.state === "SUCCESS" && run.result ? resultPath(run.result) : null;
          const title = taskTitle(run.kind, t);
          return (
            <li key={run.task_id} className="flex items-baseline gap-3 px-4 py-2.5 text-sm">
              <span aria-hidden className={run.state === "SUCCESS" ? "size-2 shrink-0 rounded-full bg-good" : "size-2 shrink-0 rounded-full bg-bad"} />
              <span className="min-w-0 flex-1">
                {to ? <Link href={to} className="font-medium hover:text-accent hover:underline">{title}</Link> : <span className="font-medium">{title}</span>}
                <span className="block truncate text-xs text-ink-3">{run.state === "FAILURE" ? (run.error?.detail ?? run.error?.title) : run.progress.message}</span>
              </span>
              <span className="shrink-0 text-xs text-ink-3">{format.relative(run.finished_at ?? run.created_at)}</span>
            </li>
          );
        })}
      </ol>
    </Card>
  );
}

function Running() {
  const { t } = useI18n();
  const query = useActiveTasks();
  const runs = query.data?.results ?? [];
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("home.running")}</CardTitle>
      </CardHeader>
      {query.isPending ? <Skeleton className="m-4 h-14" /> : null}
      {query.data && runs.length === 0 ? <p className="px-4 py-6 text-center text-sm text-ink-3">{t("task.noneRunning")}</p> : null}
      <ul className="divide-y divide-line">
        {runs.map((run) => (
          <li key={run.task_id} className="px-4 py-3"><TaskRow run={run} dense /></li>
        ))}
      </ul>
    </Card>
  );
}

const LIMITS: Readonly<Record<string, MessageKey>> = {
  members: "usage.members", projects: "usage.projects", storage_bytes: "usage.storage", storage: "usage.storage",
  ai_calls: "usage.ai", crawled_pages: "usage.pages", pages: "usage.pages",
};

export function Usage() {
  const { t, format } = useI18n();
  const { meta } = useMeta();
  if (meta.plan.length === 0) return null;
  const show = (key: string, value: number): string => (/storage|bytes/.test(key) ? format.bytes(value) : format.number(value));
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("usage.title")}</CardTitle>
      </CardHeader>

      <ul className="flex flex-col gap-3 p-4">
        {meta.plan.map((limit) => {
          const key = LIMITS[limit.key];
          const label = key ? t(key) : limit.key.replaceAll("_", " ");
          const share = limit.limit ? limit.used / limit.limit : 0;
          return (
            <li key={limit.key}>
              <p className="flex items-baseline justify-between gap-2 text-sm">
                <span>{label}</span>
                <span className="tabular text-xs text-ink-3">
                  {limit.limit === null ? t("usage.unlimited", { used: show(limit.key, limit.used) }) : `${show(limit.key, limit.used)} / ${show(limit.key, limit.limit)}`}
                </span>
              </p>
              {limit.limit !== null ? <Progress className="mt-1.5" value={share} label={label} tone={share >= 1 ? "bad" : "accent"} /> : null}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
