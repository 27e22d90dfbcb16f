"use client";

import { DndContext, type DragEndEvent, DragOverlay, PointerSensor, useSensor, useSensors } from "@dnd-kit/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FlaskConical, History, Link2, Play, Sparkles } from "lucide-react";
import Link from "next/link";
import { useEffect, useMemo, useRef, useState } from "react";
import { PageHeader } from "@/components/page-header";
import { TaskRow } from "@/components/task/task-row";
import { loadVega } from "@/components/charts/vega-runtime";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { Combobox } from "@/components/ui/combobox";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useShortcut } from "@/hooks/use-shortcut";
import { useTask } from "@/hooks/use-task";
import { useUrlState } from "@/hooks/use-url-state";
import { getResult, type Json, type JsonObject, listProcedures, type Procedure, startRun, suggestProcedures } from "@/lib/api/analysis";
import { type DatasetDetail, getDataset, listDatasets } from "@/lib/api/datasets";
import { analysisKeys, datasetKeys, taskKeys } from "@/lib/api/keys";
import { ApiProblem } from "@/lib/api/problem";
import { columnTitle, isNumeric, measureOf } from "@/lib/columns";
import { fieldOfPointer } from "@/lib/forms";
import { conditionsOf, type ConditionSet, filterTree, NO_FILTER } from "@/lib/parameters/filter";
import { carryOver, fieldsOfSchema, findFaults, initialValues, type ParameterField, submittedValues } from "@/lib/parameters/schema";
import { MeasureIcon } from "./column-icon";
import { fitsField } from "./column-slot";
import { FilterBuilder } from "./filter-builder";
import { ParameterForm } from "./parameter-form";
import { ProcedurePicker } from "./procedure-picker";
import { ResultView } from "./result-view";
import { VariableList } from "./variable-list";

function parseObject(text: string | null): JsonObject | null {
  if (!text) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as JsonObject) : null;
  } catch {
    return null;
  }
}

/** Pick a Dataset, a question and variables; run; read. All of it is in the URL. */
export function Workbench() {
  const { t } = useI18n();
  const { can } = useMeta();
  const { get, set } = useUrlState();
  const datasetId = get("dataset");
  const project = get("project");
  const procedures = useQuery({ queryKey: analysisKeys.procedures(), queryFn: ({ signal }) => listProcedures(signal), staleTime: Infinity });
  const datasets = useQuery({
    queryKey: datasetKeys.list({ project, page_size: 200 }),
    queryFn: ({ signal }) => listDatasets({ project: project ?? undefined, page_size: 200 }, signal),
  });
  const dataset = useQuery({
    queryKey: datasetKeys.detail(datasetId ?? ""),
    queryFn: ({ signal }) => getDataset(datasetId ?? "", signal),
    enabled: Boolean(datasetId),
  });
  // The drawing libraries arrive while the person chooses, not after the answer has come.
  useEffect(() => {
    const timer = setTimeout(() => void loadVega(), 300);
    return () => clearTimeout(timer);
  }, []);

  const options = datasets.data?.results ?? [];
  return (
    <>
      <PageHeader
        title={t("analysis.title")}
        intro={t("analysis.intro")}
        actions={
          <>
            <Button asChild variant="ghost">
              <Link href={project ? `/analysis/results?project=${project}` : "/analysis/results"}>
                <History aria-hidden /> {t("analysis.results")}
              </Link>
            </Button>
            <Combobox
              className="w-64"
              value={datasetId}
              onValueChange={(id) => set({ dataset: id, task: null, result: null, params: null, filter: null, weight: null }, { push: true })}
              options={options.map((entry) => ({ value: entry.id, label: entry.name }))}
              placeholder={t("analysis.chooseDataset")}
              searchLabel={t("data.search")}
              emptyText={t("common.nothingFound")}
              aria-label={t("analysis.chooseDataset")}
            />
          </>
        }
      />
      {procedures.isError ? <ErrorState error={procedures.error} onRetry={() => void procedures.refetch()} /> : null}
      {datasets.isError ? <ErrorState error={datasets.error} onRetry={() => void datasets.refetch()} /> : null}
      {dataset.isError ? <ErrorState error={dataset.error} onRetry={() => void dataset.refetch()} /> : null}
      {!datasetId && datasets.data ? (
        <EmptyState
          icon={FlaskConical}
          title={options.length > 0 ? t("analysis.pickDataset") : t("analysis.noDataset")}
          action={
            options.length > 0 ? (
              options.slice(0, 5).map((entry) => (
                <Button key={entry.id} onClick={() => set({ dataset: entry.id }, { push: true })}>
                  <span dir="auto" className="max-w-60 truncate">{entry.name}</span>
                </Button>
              ))
            ) : can("files.upload") ? (
              <Button asChild variant="primary">
                <Link href="/data?upload=1">{t("data.upload")}</Link>
              </Button>
            ) : null
          }
        >
          {options.length > 0 ? t("analysis.pickDatasetDetail") : t("analysis.noDatasetDetail")}
        </EmptyState>
      ) : null}
      {datasetId && (dataset.isPending || procedures.isPending) && !dataset.isError && !procedures.isError ? <WorkbenchSkeleton /> : null}
      {dataset.data && procedures.data ? <Bench key={dataset.data.id} dataset={dataset.data} procedures={procedures.data} /> : null}
    </>
  );
}

function WorkbenchSkeleton() {
  const { t } = useI18n();
  return (
    <LoadingRegion label={t("common.loading")} className="grid gap-4 lg:grid-cols-[16rem_minmax(0,1fr)]">
      <Skeleton className="h-[32rem]" />
      <div className="flex flex-col gap-4">
        <Skeleton className="h-56" />
        <Skeleton className="h-72" />
      </div>
    </LoadingRegion>
  );
}

function Bench({ dataset, procedures }: { dataset: DatasetDetail; procedures: readonly Procedure[] }) {
  const { t } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const { get, set } = useUrlState();
  const procedure = procedures.find((candidate) => candidate.key === get("procedure"));
  const fields = useMemo(() => (procedure ? fieldsOfSchema(procedure.parameters_schema) : []), [procedure]);
  const [values, setValues] = useState<JsonObject>(() => ({ ...initialValues(fields), ...parseObject(get("params")) }));
  const [conditions, setConditions] = useState<ConditionSet>(() => conditionsOf(parseObject(get("filter"))) ?? NO_FILTER);
  const [weight, setWeight] = useState<string>(get("weight") ?? "");
  const [activeSlot, setActiveSlot] = useState<string | null>(null);
  const [dragging, setDragging] = useState<string | null>(null);
  const [checked, setChecked] = useState(false);
  const columns = dataset.columns;
  const byName = useMemo(() => new Map(columns.map((column) => [column.name, column])), [columns]);
  const taskId = get("task");
  const resultId = get("result");
  const mayRun = can("analysis.run");

  const faults = useMemo(() => findFaults(fields, values), [fields, values]);
  const chosen = useMemo(
    () => [...new Set(fields.flatMap((field) => (field.kind === "column" || field.kind === "columns" ? [values[field.name]].flat() : [])).filter((name): name is string => typeof name === "string"))],
    [fields, values],
  );
  const [picked, setPicked] = useState<string[]>([]);
  const forSuggestion = procedure ? chosen : picked;
  const suggestions = useQuery({
    queryKey: analysisKeys.suggestions(dataset.id, forSuggestion),
    queryFn: ({ signal }) => suggestProcedures(dataset.id, forSuggestion, signal),
    enabled: forSuggestion.length > 0,
    staleTime: Infinity,
    placeholderData: (previous) => previous,
  });

  const run = useMutation({
    mutationFn: startRun,
    onSuccess: (task) => {
      client.setQueryData(taskKeys.detail(task.task_id), task);
      void client.invalidateQueries({ queryKey: taskKeys.lists() });
      set({ task: task.task_id, result: task.state === "SUCCESS" ? (task.result?.id ?? null) : null });
    },
  });
  const task = useTask(resultId ? null : taskId, {
    onEnd: (ended) => {
      if (ended.state === "SUCCESS" && ended.result) set({ result: ended.result.id });
    },
  });
  // A reloaded page may find its task already ended.
  const endedResult = task.data?.state === "SUCCESS" ? task.data.result?.id : undefined;
  useEffect(() => {
    if (endedResult && !resultId) set({ result: endedResult });
  }, [endedResult, resultId, set]);
  const result = useQuery({
    queryKey: analysisKeys.result(resultId ?? ""),
    queryFn: ({ signal }) => getResult(resultId ?? "", signal),
    enabled: Boolean(resultId),
    staleTime: Infinity,
  });

  // After a run the answer comes into view; an opened link stays where it is.
  const answer = useRef<HTMLElement>(null);
  const answered = run.isSuccess ? result.data?.id : undefined;
  useEffect(() => {
    if (answered) answer.current?.scrollIntoView({ block: "start", behavior: "smooth" });
  }, [answered]);

  const serverFaults = useMemo(() => {
    const found: Record<string, string> = {};
    if (run.error instanceof ApiProblem) {
      for (const fault of run.error.faults) {
        const name = fieldOfPointer(fault.pointer).replace(/^parameters\./, "").split(".")[0];
        if (name) found[name] = fault.detail;
      }
    }
    return found;
  }, [run.error]);

  const change = (name: string, value: Json | undefined): void => {
    run.reset();
    setValues((now) => {
      const { [name]: _old, ...rest } = now;
      return value === undefined ? rest : { ...rest, [name]: value };
    });
  };

  const choose = (key: string, parameters?: JsonObject): void => {
    const next = procedures.find((candidate) => candidate.key === key);
    if (!next) return;
    const nextFields = fieldsOfSchema(next.parameters_schema);
    const from: JsonObject = procedure ? values : { picked };
    setValues(parameters ? { ...initialValues(nextFields), ...parameters } : carryOver(nextFields, from, (name, field) => fitsField(byName.get(name), field)));
    if (!next.supports_weights) setWeight("");
    setChecked(false);
    run.reset();
    setActiveSlot(null);
    set({ procedure: key, task: null, result: null }, { push: true });
  };

  const put = (name: string, field: ParameterField): void => {
    if (field.kind === "column") change(field.name, name);
    else {
      const now = values[field.name];
      const names = Array.isArray(now) ? now : [];
      if (!names.includes(name) && names.length < (field.maxItems ?? Infinity)) change(field.name, [...names, name]);
    }
  };

  const pick = (name: string): void => {
    if (!procedure) {
      setPicked((now) => (now.includes(name) ? now.filter((other) => other !== name) : [...now, name]));
      return;
    }
    const holder = fields.find((field) => (field.kind === "column" && values[field.name] === name) || (field.kind === "columns" && [values[field.name]].flat().includes(name)));
    if (holder) {
      change(holder.name, holder.kind === "column" ? undefined : [values[holder.name]].flat().filter((other): other is string => typeof other === "string" && other !== name));
      return;
    }
    const column = byName.get(name);
    const slots = fields.filter((field) => field.kind === "column" || field.kind === "columns");
    const roomy = (field: ParameterField): boolean =>
      field.kind === "column" ? values[field.name] === undefined || values[field.name] === null : [values[field.name]].flat().length < (field.maxItems ?? Infinity);
    const target =
      slots.find((field) => field.name === activeSlot && (roomy(field) || field.kind === "column")) ??
      slots.find((field) => field.required && roomy(field) && fitsField(column, field) && findFaults([field], values)[field.name]) ??
      slots.find((field) => roomy(field) && fitsField(column, field)) ??
      slots.find(roomy);
    if (target) put(name, target);
  };

  const submit = (): void => {
    setChecked(true);
    if (!procedure || !mayRun || Object.keys(faults).length > 0 || run.isPending) return;
    const parameters = submittedValues(fields, values);
    const filter = filterTree(conditions, columns);
    set({ params: JSON.stringify(parameters), filter: filter ? JSON.stringify(filter) : null, weight: weight || null, task: null, result: null });
    run.mutate({ dataset: dataset.id, procedure: procedure.key, parameters, filter, weight });
  };
  useShortcut("mod+enter", submit);

  // Pointers only: by keyboard a variable is put in place with Enter, which a keyboard drag would take away.
  const sensors = useSensors(useSensor(PointerSensor, { activationConstraint: { distance: 6 } }));
  const onDragEnd = ({ active, over }: DragEndEvent): void => {
    setDragging(null);
    const field = fields.find((candidate) => candidate.name === over?.id);
    if (field) put(String(active.id), field);
  };
  const dragged = dragging ? byName.get(dragging) : undefined;
  const running = task.data && task.data.state !== "SUCCESS" ? task.data : null;

  return (
    <DndContext sensors={sensors} onDragStart={({ active }) => setDragging(String(active.id))} onDragCancel={() => setDragging(null)} onDragEnd={onDragEnd}>
      <div className="grid items-start gap-4 lg:grid-cols-[16rem_minmax(0,1fr)]">
        <Card className="flex max-h-72 flex-col overflow-hidden lg:sticky lg:top-17 lg:h-[calc(100dvh-6rem)] lg:max-h-none">
          <VariableList columns={columns} used={new Set(procedure ? chosen : picked)} onPick={pick} />
        </Card>
        <div className="flex min-w-0 flex-col gap-4">
          <Card>
            <CardHeader>
              <div className="min-w-0 flex-1">
                <ProcedurePicker procedures={procedures} value={procedure?.key ?? null} suggestions={suggestions.data ?? []} onChoose={choose} />
              </div>
            </CardHeader>
            {suggestions.data && suggestions.data.length > 0 ? (
              <div className="flex flex-wrap items-center gap-1.5 border-b border-line px-4 py-2.5">
                <Sparkles className="size-4 text-signal-text" aria-hidden />
                <span className="text-xs text-ink-3">{t("analysis.suggested")}</span>
                {suggestions.data.slice(0, 5).map((suggestion) => (
                  <Button key={suggestion.procedure} size="sm" variant={suggestion.procedure === procedure?.key ? "primary" : "secondary"} title={suggestion.reason} onClick={() => choose(suggestion.procedure, suggestion.parameters)}>
                    {suggestion.title}
                  </Button>
                ))}
              </div>
            ) : null}
            {procedure ? (
              <CardBody className="flex flex-col gap-4">
                <ParameterForm
                  key={procedure.key}
                  fields={fields}
                  values={values}
                  onChange={change}
                  columns={columns}
                  faults={checked ? faults : {}}
                  serverFaults={serverFaults}
                  activeSlot={activeSlot}
                  onActivateSlot={setActiveSlot}
                />
                <div className="grid gap-4 md:grid-cols-[minmax(0,1fr)_16rem]">
                  <div>
                    <p className="mb-1.5 text-sm font-medium">{t("filter.title")}</p>
                    <FilterBuilder value={conditions} onChange={setConditions} columns={columns} />
                  </div>
                  {procedure.supports_weights ? (
                    <div>
                      <p className="mb-1.5 text-sm font-medium">{t("analysis.weight")}</p>
                      <Combobox
                        value={weight || null}
                        onValueChange={(name) => setWeight(name ?? "")}
                        options={columns.filter((column) => isNumeric(column)).map((column) => ({ value: column.name, label: columnTitle(column) }))}
                        placeholder={t("analysis.noWeight")}
                        clearLabel={t("analysis.noWeight")}
                        searchLabel={t("analysis.searchVariables")}
                        emptyText={t("common.nothingFound")}
                        aria-label={t("analysis.weight")}
                      />
                    </div>
                  ) : null}
                </div>
                <FormError error={run.error} />
                <div className="flex flex-wrap items-center gap-3">
                  {mayRun ? (
                    <Button variant="primary" pending={run.isPending} onClick={submit}>
                      <Play aria-hidden className="mirror-rtl" /> {t("analysis.run")}
                    </Button>
                  ) : (
                    <p className="text-sm text-ink-3">{t("analysis.viewerHint")}</p>
                  )}
                  {procedure.requirements.length > 0 ? <p className="text-xs text-ink-3">{procedure.requirements.join(" ")}</p> : null}
                </div>
              </CardBody>
            ) : (
              <CardBody>
                <EmptyState icon={Sparkles} title={t("analysis.start")} className="border-0 py-8">
                  {t("analysis.startDetail")}
                </EmptyState>
              </CardBody>
            )}
          </Card>
          {running ? (
            <Card>
              <CardBody>
                <TaskRow run={running} />
              </CardBody>
            </Card>
          ) : null}
          {task.isError ? <ErrorState error={task.error} onRetry={() => void task.refetch()} compact /> : null}
          {resultId && result.isPending ? (
            <LoadingRegion label={t("common.loading")}>
              <Skeleton className="h-72" />
            </LoadingRegion>
          ) : null}
          {result.isError ? <ErrorState error={result.error} onRetry={() => void result.refetch()} /> : null}
          {result.data ? (
            <section ref={answer} aria-label={t("analysis.result")} className="scroll-mt-17">
              <div className="mb-3 flex items-center justify-between gap-2">
                <h2 className="text-xl font-medium">{procedures.find((candidate) => candidate.key === result.data.procedure)?.title ?? result.data.procedure}</h2>
                <Button
                  size="sm"
                  variant="ghost"
                  onClick={() => void navigator.clipboard.writeText(window.location.href).then(() => toast(t("common.linkCopied")))}
                >
                  <Link2 aria-hidden /> {t("common.copyLink")}
                </Button>
              </div>
              <ResultView result={result.data} />
            </section>
          ) : null}
        </div>
      </div>
      <DragOverlay dropAnimation={null}>
        {dragged ? (
          <Badge tone="accent" className="px-2 py-1 text-sm shadow-pop">
            <MeasureIcon measure={measureOf(dragged)} /> {columnTitle(dragged)}
          </Badge>
        ) : null}
      </DragOverlay>
    </DndContext>
  );
}
