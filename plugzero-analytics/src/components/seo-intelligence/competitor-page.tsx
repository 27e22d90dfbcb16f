"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Radar, Swords, Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Chart } from "@/components/charts/chart";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { seoKeys, taskKeys } from "@/lib/api/keys";
import { isProblem } from "@/lib/api/problem";
import { describeProblem } from "@/lib/api/problem-text";
import { addCompetitor, auditCompetitor, type Competitor, compareCompetitors, type CompetitorComparison, deleteCompetitor, listCompetitors } from "@/lib/api/seo";
import { ProjectNeeded, useChosenProject } from "./project-needed";
import { ScoreMark } from "./score-mark";
import { SeoHeader } from "./seo-header";

const SAMPLE_PAGES = 100;

export function CompetitorPage() {
  const { t } = useI18n();
  const { can } = useMeta();
  const state = useChosenProject();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <SeoHeader intro={t("competitors.intro")} actions={state.project && can("seo.manage") ? <Button variant="primary" onClick={() => setAdding(true)}><Plus aria-hidden /> {t("competitors.add")}</Button> : null} />
      {state.project ? <Competitors project={state.project} /> : <ProjectNeeded state={state} />}
      {adding && state.project ? <AddDialog project={state.project} onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function Competitors({ project }: { project: string }) {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const [doomed, setDoomed] = useState<Competitor | null>(null);
  const query = useQuery({ queryKey: seoKeys.part("competitors", { project }), queryFn: ({ signal }) => listCompetitors({ project, page_size: 100 }, signal) });
  const comparison = useQuery({ queryKey: seoKeys.part("compare", { project }), queryFn: ({ signal }) => compareCompetitors(project, signal), retry: false });
  const fail = (error: unknown): void => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" });
  const audit = useMutation({
    mutationFn: (competitor: Competitor) => auditCompetitor(competitor.id, SAMPLE_PAGES),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: taskKeys.lists() });
      toast(t("competitors.auditing"));
    },
    onError: fail,
  });
  const remove = useMutation({
    mutationFn: (competitor: Competitor) => deleteCompetitor(competitor.id),
    onSuccess: () => {
      setDoomed(null);
      void client.invalidateQueries({ queryKey: seoKeys.all });
    },
    onError: fail,
  });
  if (query.isPending) return <Skeleton className="h-48" />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  // Before the first own audit there is nothing to compare with: that is a state, not a failure.
  const nothingYet = isProblem(comparison.error) && [400, 404, 409].includes(comparison.error.status);
  return (
    <div className="flex flex-col gap-4">
      {query.data.count === 0 ? <EmptyState icon={Swords} title={t("competitors.empty")}>{t("competitors.emptyDetail")}</EmptyState> : (
        <Card>
          <CardHeader><CardTitle>{t("seo.competitors")}</CardTitle></CardHeader>
          <Table label={t("seo.competitors")}>
            <tbody>
              {query.data.results.map((competitor) => {
                const site = comparison.data?.sites.find((candidate) => candidate.competitor === competitor.id);
                return (
                  <TableRow key={competitor.id}>
                    <TableCell>
                      <span dir="auto" className="block font-medium">{competitor.name || competitor.domain}</span>
                      <span dir="ltr" className="block text-start text-xs text-ink-3">{competitor.url}</span>
                    </TableCell>
                    <TableCell><ScoreMark size="sm" score={site?.technical_score ?? null} /></TableCell>
                    <TableCell className="text-xs text-ink-3">{site ? <Link href={`/seo/audits/${site.audit}`} className="hover:underline">{format.relative(site.audited_at)}</Link> : t("competitors.notAudited")}</TableCell>
                    <TableCell className="text-end whitespace-nowrap">
                      {can("seo.audit") ? <Button size="sm" pending={audit.isPending && audit.variables?.id === competitor.id} onClick={() => audit.mutate(competitor)}><Radar aria-hidden /> {t("competitors.audit")}</Button> : null}
                      {can("seo.manage") ? <Button size="icon-sm" variant="ghost" aria-label={t("competitors.delete", { name: competitor.name || competitor.domain })} onClick={() => setDoomed(competitor)}><Trash2 aria-hidden /></Button> : null}
                    </TableCell>
                  </TableRow>
                );
              })}
            </tbody>
          </Table>
        </Card>
      )}
      {nothingYet ? <EmptyState title={t("competitors.noComparison")}>{describeProblem(comparison.error, t).detail}</EmptyState> : null}
      {comparison.isError && !nothingYet ? <ErrorState error={comparison.error} onRetry={() => void comparison.refetch()} /> : null}
      {comparison.data ? <ComparisonView comparison={comparison.data} /> : null}
      <Confirm open={doomed !== null} onOpenChange={(open) => (open ? undefined : setDoomed(null))} title={t("competitors.deleteTitle", { name: doomed?.name || doomed?.domain || "" })} description={t("competitors.deleteDetail")} confirmLabel={t("common.delete")} danger pending={remove.isPending} onConfirm={() => doomed && remove.mutate(doomed)} />
    </div>
  );
}

function ComparisonView({ comparison }: { comparison: CompetitorComparison }) {
  const { t, format } = useI18n();
  const name = (site: CompetitorComparison["sites"][number]): string => site.name || site.domain;
  const rows = comparison.sites.flatMap((site) => Object.entries(site.by_category).map(([category, score]) => ({ category: category.replaceAll("_", " "), site: name(site), score })));
  const title = t("competitors.chart");
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("competitors.side")}</CardTitle>
        <span className="text-xs text-ink-3">{t("competitors.sample", { count: comparison.sample_pages })}</span>
      </CardHeader>
      <Table label={t("competitors.side")}>
        <thead><tr><TableHead>{t("audit.site")}</TableHead><TableHead>{t("competitors.score")}</TableHead><TableHead className="text-end">{t("competitors.pages")}</TableHead><TableHead>{t("audit.started")}</TableHead></tr></thead>
        <tbody>
          {comparison.sites.map((site) => (
            <TableRow key={site.audit}>
              <TableCell><Link href={`/seo/audits/${site.audit}`} dir="auto" className="font-medium hover:text-accent hover:underline">{name(site)}</Link></TableCell>
              <TableCell><ScoreMark size="sm" score={site.technical_score} /></TableCell>
              <TableCell className="text-end">{format.number(site.indexable_pages)}</TableCell>
              <TableCell className="text-ink-3">{format.relative(site.audited_at)}</TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
      <CardBody>
        <Chart
          chart={{
            id: "competitors",
            title,
            description: t("competitors.chartDetail"),
            spec: {
              $schema: "https://vega.github.io/schema/vega-lite/v6.json",
              data: { values: rows },
              mark: { type: "bar", cornerRadiusEnd: 2 },
              encoding: {
                y: { field: "category", type: "nominal", title: null, sort: null },
                yOffset: { field: "site", type: "nominal" },
                x: { field: "score", type: "quantitative", title: t("competitors.score"), scale: { domain: [0, 100] } },
                color: { field: "site", type: "nominal", title: null },
                tooltip: [{ field: "site", type: "nominal" }, { field: "category", type: "nominal" }, { field: "score", type: "quantitative", format: ".1f" }],
              },
            },
          }}
        />
      </CardBody>
    </Card>
  );
}

function AddDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: () => addCompetitor({ project, url: url.trim(), name: name.trim() }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: seoKeys.all });
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("competitors.add")} closeLabel={t("common.close")}>
        <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
          <Field label={t("audit.url")}>{(control) => <Input {...control} autoFocus type="url" dir="ltr" placeholder="https://example.com" value={url} onChange={(event) => setUrl(event.target.value)} />}</Field>
          <Field label={t("data.name")} optional={t("common.optional")}>{(control) => <Input {...control} dir="auto" value={name} onChange={(event) => setName(event.target.value)} />}</Field>
          <FormError error={add.error} />
          <Button type="submit" variant="primary" pending={add.isPending} disabled={url.trim().length < 3}>{t("competitors.add")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}
