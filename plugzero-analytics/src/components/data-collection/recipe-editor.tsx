"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronDown, CookingPot, Plus, Trash2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { ParameterForm } from "@/components/analytics/parameter-form";
import { TaskRow } from "@/components/task/task-row";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { SortableList } from "@/components/ui/sortable-list";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useTask } from "@/hooks/use-task";
import { useUrlState } from "@/hooks/use-url-state";
import type { JsonObject } from "@/lib/api/analysis";
import { applyRecipe, type DatasetDetail, getRecipe, listRecipeSteps, type RecipeStepKind } from "@/lib/api/datasets";
import { datasetKeys } from "@/lib/api/keys";
import { ApiProblem } from "@/lib/api/problem";
import { fieldOfPointer } from "@/lib/forms";
import { recipeFields } from "@/lib/parameters/recipe";
import { findFaults, initialValues, submittedValues } from "@/lib/parameters/schema";

interface Draft {
  id: string;
  kind: string;
  values: JsonObject;
}

const STORE = "plugzero.recipe.";

function readDraft(key: string): Draft[] {
  try {
    const parsed: unknown = JSON.parse(window.sessionStorage.getItem(STORE + key) ?? "[]");
    return Array.isArray(parsed) ? (parsed as Draft[]) : [];
  } catch {
    return [];
  }
}

/** An ordered list of cleaning steps; applying it makes a new version and leaves the old ones as they are. */
export function RecipeEditor({ dataset }: { dataset: DatasetDetail }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const { get, set } = useUrlState();
  const kinds = useQuery({ queryKey: [...datasetKeys.all, "recipe-steps"], queryFn: ({ signal }) => listRecipeSteps(signal), staleTime: Infinity });
  const stored = useQuery({ queryKey: datasetKeys.part(dataset.id, "recipe", { at: dataset.version_hash }), queryFn: ({ signal }) => getRecipe(dataset.id, signal) });
  const [drafts, setDrafts] = useState<Draft[]>(() => readDraft(dataset.id));
  const [open, setOpen] = useState<string | null>(null);
  const [checked, setChecked] = useState(false);
  useEffect(() => {
    try {
      window.sessionStorage.setItem(STORE + dataset.id, JSON.stringify(drafts));
    } catch {
      // Without storage the draft lasts as long as the page.
    }
  }, [dataset.id, drafts]);
  const apply = useMutation({
    mutationFn: (steps: JsonObject[]) => applyRecipe(dataset.id, steps),
    onSuccess: (run) => set({ recipe_task: run.task_id }),
  });
  const task = useTask(get("recipe_task"), {
    onEnd: (run) => {
      if (run.state !== "SUCCESS") return;
      setDrafts([]);
      toast(t("recipe.done"));
      set({ recipe_task: null, version: null });
      void client.invalidateQueries({ queryKey: datasetKeys.detail(dataset.id) });
    },
  });
  const byKind = useMemo(() => new Map(kinds.data?.map((kind) => [kind.kind, kind])), [kinds.data]);

  if (kinds.isError) return <ErrorState error={kinds.error} onRetry={() => void kinds.refetch()} />;
  if (kinds.isPending) {
    return (
      <LoadingRegion label={t("common.loading")}>
        <Skeleton className="h-64" />
      </LoadingRegion>
    );
  }
  const faultsOf = (draft: Draft): ReturnType<typeof findFaults> => findFaults(recipeFields(draft.kind, byKind.get(draft.kind)?.parameters_schema ?? {}), draft.values);
  const serverFaults = (index: number): Record<string, string> => {
    const found: Record<string, string> = {};
    if (apply.error instanceof ApiProblem) {
      for (const fault of apply.error.faults) {
        const [at, name] = fieldOfPointer(fault.pointer).replace(/^steps\./, "").split(".");
        if (at === String(index) && name) found[name] = fault.detail;
      }
    }
    return found;
  };
  const submit = (): void => {
    setChecked(true);
    const broken = drafts.find((draft) => Object.keys(faultsOf(draft)).length > 0);
    if (broken) {
      setOpen(broken.id);
      return;
    }
    apply.mutate(drafts.map((draft) => ({ kind: draft.kind, ...submittedValues(recipeFields(draft.kind, byKind.get(draft.kind)?.parameters_schema ?? {}), draft.values) })));
  };
  const add = (kind: RecipeStepKind): void => {
    const draft: Draft = { id: crypto.randomUUID(), kind: kind.kind, values: initialValues(recipeFields(kind.kind, kind.parameters_schema)) };
    setDrafts([...drafts, draft]);
    setOpen(draft.id);
  };
  const remove = (draft: Draft): void => {
    const before = drafts;
    setDrafts(drafts.filter((other) => other.id !== draft.id));
    toast(t("recipe.removed"), { undo: () => setDrafts(before) });
  };
  const running = task.data && task.data.state !== "SUCCESS" ? task.data : null;
  return (
    <div className="flex max-w-4xl flex-col gap-4">
      <p className="text-sm text-ink-2">{t("recipe.intro")}</p>
      {stored.data && stored.data.steps.length > 0 ? (
        <p className="rounded-lg bg-sunken px-3 py-2 text-xs text-ink-3">
          {t("recipe.applied", { count: stored.data.steps.length })} {stored.data.steps.map((step) => byKind.get(String(step.kind))?.summary ?? String(step.kind)).join(" → ")}
        </p>
      ) : null}
      {drafts.length === 0 ? <EmptyState icon={CookingPot} title={t("recipe.empty")}>{t("recipe.emptyDetail")}</EmptyState> : null}
      <SortableList
        items={drafts}
        idOf={(draft) => draft.id}
        onReorder={setDrafts}
        handleLabel={(draft) => t("recipe.move", { name: byKind.get(draft.kind)?.summary ?? draft.kind })}
        render={(draft, index) => {
          const kind = byKind.get(draft.kind);
          const expanded = open === draft.id;
          return (
            <div className="p-1.5">
              <div className="flex items-center gap-2">
                <button type="button" aria-expanded={expanded} onClick={() => setOpen(expanded ? null : draft.id)} className="flex min-w-0 flex-1 items-center gap-2 rounded px-1 py-1 text-start text-sm font-medium">
                  <span className="tabular text-ink-3">{index + 1}.</span>
                  <span className="truncate">{kind?.summary ?? draft.kind}</span>
                  <ChevronDown className={expanded ? "ms-auto size-4 rotate-180 text-ink-3" : "ms-auto size-4 text-ink-3"} aria-hidden />
                </button>
                <Button size="icon-sm" variant="ghost" aria-label={t("common.remove")} onClick={() => remove(draft)}>
                  <Trash2 aria-hidden />
                </Button>
              </div>
              {expanded && kind ? (
                <div className="p-2">
                  <ParameterForm
                    fields={recipeFields(kind.kind, kind.parameters_schema)}
                    values={draft.values}
                    onChange={(name, value) => {
                      apply.reset();
                      setDrafts((now) =>
                        now.map((other) => {
                          if (other.id !== draft.id) return other;
                          const { [name]: _old, ...rest } = other.values;
                          return { ...other, values: value === undefined ? rest : { ...rest, [name]: value } };
                        }),
                      );
                    }}
                    columns={dataset.columns}
                    faults={checked ? faultsOf(draft) : {}}
                    serverFaults={serverFaults(index)}
                    activeSlot={null}
                    onActivateSlot={() => undefined}
                  />
                </div>
              ) : null}
            </div>
          );
        }}
      />
      <FormError error={apply.error} />
      <div className="flex flex-wrap gap-2">
        <MenuRoot>
          <MenuTrigger asChild>
            <Button>
              <Plus aria-hidden /> {t("recipe.addStep")}
            </Button>
          </MenuTrigger>
          <MenuContent align="start" className="w-80">
            {kinds.data.map((kind) => (
              <MenuItem key={kind.kind} onSelect={() => add(kind)}>
                {kind.summary}
              </MenuItem>
            ))}
          </MenuContent>
        </MenuRoot>
        {drafts.length > 0 ? (
          <Button variant="primary" pending={apply.isPending} onClick={submit}>
            {t("recipe.apply")}
          </Button>
        ) : null}
      </div>
      {running ? <TaskRow run={running} className="rounded-lg border border-line bg-surface p-4" /> : null}
    </div>
  );
}
