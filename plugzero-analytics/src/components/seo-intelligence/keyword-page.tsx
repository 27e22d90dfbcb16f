"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FileUp, KeySquare, Plus, RefreshCw, Search, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { Badge, type BadgeTone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Input } from "@/components/ui/input";
import { Pagination } from "@/components/ui/pagination";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { seoKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { deleteKeyword, importSearchConsole, type KeywordTarget, listKeywords } from "@/lib/api/seo";
import type { MessageKey } from "@/lib/i18n/translator";
import { AddKeywordDialog, FetchSeriesDialog } from "./keyword-dialogs";
import { KeywordSheet } from "./keyword-sheet";
import { ProjectNeeded, useChosenProject } from "./project-needed";
import { SeoHeader } from "./seo-header";

const PAGE_SIZE = 50;
const INTENTS: Record<KeywordTarget["intent"], { key: MessageKey; tone: BadgeTone }> = {
  informational: { key: "intent.informational", tone: "neutral" },
  navigational: { key: "intent.navigational", tone: "accent" },
  commercial: { key: "intent.commercial", tone: "warning" },
  transactional: { key: "intent.transactional", tone: "good" },
};

export function IntentBadge({ intent }: { intent: KeywordTarget["intent"] }) {
  const { t } = useI18n();
  return <Badge tone={INTENTS[intent].tone}>{t(INTENTS[intent].key)}</Badge>;
}

export function KeywordPage() {
  const { t } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const state = useChosenProject();
  const [dialog, setDialog] = useState<"add" | "fetch" | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const project = state.project;
  const load = useMutation({
    mutationFn: (chosen: File) => importSearchConsole(project ?? "", chosen),
    onSuccess: (outcome) => {
      void client.invalidateQueries({ queryKey: seoKeys.all });
      toast(t("keywords.imported", { keywords: outcome.keywords_added, points: outcome.points_stored }));
    },
    onError: (error) => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" }),
  });
  return (
    <>
      <SeoHeader
        intro={t("keywords.intro")}
        actions={
          project && can("seo.manage") ? (
            <>
              <input ref={file} type="file" accept=".csv,.zip" hidden onChange={(event) => { const chosen = event.target.files?.[0]; if (chosen) load.mutate(chosen); event.target.value = ""; }} />
              <Button pending={load.isPending} onClick={() => file.current?.click()}><FileUp aria-hidden /> {t("keywords.import")}</Button>
              <Button onClick={() => setDialog("fetch")}><RefreshCw aria-hidden /> {t("keywords.fetch")}</Button>
              <Button variant="primary" onClick={() => setDialog("add")}><Plus aria-hidden /> {t("keywords.add")}</Button>
            </>
          ) : null
        }
      />
      {project ? <Keywords project={project} /> : <ProjectNeeded state={state} />}
      {dialog === "add" && project ? <AddKeywordDialog project={project} onClose={() => setDialog(null)} /> : null}
      {dialog === "fetch" && project ? <FetchSeriesDialog project={project} onClose={() => setDialog(null)} /> : null}
    </>
  );
}

function Keywords({ project }: { project: string }) {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const { get, set, page } = useUrlState();
  const search = get("q") ?? "";
  const [typed, setTyped] = useState(search);
  const intent = (Object.keys(INTENTS) as KeywordTarget["intent"][]).find((known) => known === get("intent"));
  const filter = { project, search: search || undefined, intent, page, page_size: PAGE_SIZE };
  const query = useQuery({ queryKey: seoKeys.part("keywords", filter), queryFn: ({ signal }) => listKeywords(filter, signal), placeholderData: (previous) => previous });
  const remove = useMutation({
    mutationFn: (keyword: KeywordTarget) => deleteKeyword(keyword.id),
    onSuccess: (_, keyword) => {
      void client.invalidateQueries({ queryKey: seoKeys.all });
      toast(t("keywords.removed", { query: keyword.query }));
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  const open = query.data?.results.find((keyword) => keyword.id === get("keyword"));
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap gap-2">
        <form role="search" className="relative w-full max-w-sm" onSubmit={(event) => { event.preventDefault(); set({ q: typed.trim(), page: null }); }}>
          <Search className="absolute start-2.5 top-2.5 size-4 text-ink-3" aria-hidden />
          <Input type="search" dir="auto" className="ps-8" aria-label={t("keywords.search")} placeholder={t("keywords.search")} value={typed} onChange={(event) => setTyped(event.target.value)} />
        </form>
        <Select className="w-52" aria-label={t("keywords.intent")} value={intent ?? "all"} onValueChange={(next) => set({ intent: next === "all" ? null : next, page: null })} options={[{ value: "all", label: t("keywords.allIntents") }, ...(Object.keys(INTENTS) as KeywordTarget["intent"][]).map((value) => ({ value, label: t(INTENTS[value].key) }))]} />
      </div>
      {query.isPending ? <Skeleton className="h-64" /> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={KeySquare} title={t("keywords.empty")}>{t("keywords.emptyDetail")}</EmptyState> : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <Table label={t("seo.keywords")}>
            <thead><tr><TableHead>{t("keywords.query")}</TableHead><TableHead>{t("keywords.intent")}</TableHead><TableHead>{t("keywords.where")}</TableHead><TableHead>{t("keywords.landing")}</TableHead><TableHead>{t("keywords.added")}</TableHead><TableHead><span className="sr-only">{t("common.more")}</span></TableHead></tr></thead>
            <tbody>
              {query.data.results.map((keyword) => (
                <TableRow key={keyword.id}>
                  <TableCell><button type="button" dir="auto" className="rounded font-medium hover:text-accent hover:underline" onClick={() => set({ keyword: keyword.id }, { push: true })}>{keyword.query}</button></TableCell>
                  <TableCell title={keyword.intent_signals.join(", ")}><IntentBadge intent={keyword.intent} /></TableCell>
                  <TableCell className="text-ink-3">{[keyword.country, keyword.language, keyword.device].filter(Boolean).join(" · ") || "–"}</TableCell>
                  <TableCell dir="ltr" className="max-w-72 truncate text-start text-xs text-ink-3">{keyword.landing_url}</TableCell>
                  <TableCell className="whitespace-nowrap text-ink-3">{format.relative(keyword.created_at)}</TableCell>
                  <TableCell className="text-end">{can("seo.manage") ? <Button size="icon-sm" variant="ghost" aria-label={t("keywords.remove", { query: keyword.query })} onClick={() => remove.mutate(keyword)}><Trash2 aria-hidden /></Button> : null}</TableCell>
                </TableRow>
              ))}
            </tbody>
          </Table>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
      {open ? <KeywordSheet keyword={open} onClose={() => set({ keyword: null })} /> : null}
    </div>
  );
}
