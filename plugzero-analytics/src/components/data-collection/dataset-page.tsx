"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { FlaskConical, MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { type DatasetDetail, deleteDataset, getDataset, getProfile, renameDataset } from "@/lib/api/datasets";
import { datasetKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { ColumnProfiles } from "./column-profiles";
import { ExportMenu } from "./export-menu";
import { PreviewGrid } from "./preview-grid";
import { ReceiptView } from "./receipt-view";
import { RecipeEditor } from "./recipe-editor";
import { VersionList } from "./version-list";

const TABS = ["rows", "columns", "receipt", "recipe", "versions"] as const;
type Tab = (typeof TABS)[number];

export function DatasetPage({ id }: { id: string }) {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const { get, set } = useUrlState();
  const version = Number(get("version")) || undefined;
  const tab: Tab = TABS.find((known) => known === get("tab")) ?? "rows";
  const dataset = useQuery({ queryKey: datasetKeys.detail(id), queryFn: ({ signal }) => getDataset(id, signal) });
  const profile = useQuery({
    queryKey: datasetKeys.part(id, "profile", { version }),
    queryFn: ({ signal }) => getProfile(id, version, signal),
    enabled: dataset.isSuccess,
    staleTime: 5 * 60_000,
  });
  if (dataset.isPending) {
    return (
      <LoadingRegion label={t("common.loading")}>
        <Skeleton className="h-9 w-72" />
        <Skeleton className="mt-6 h-10" />
        <Skeleton className="mt-4 h-96" />
      </LoadingRegion>
    );
  }
  if (dataset.isError) return <ErrorState error={dataset.error} onRetry={() => void dataset.refetch()} />;
  const { data } = dataset;
  const receipt = profile.data?.receipt;
  return (
    <>
      <PageHeader
        eyebrow={
          <Link href={`/data?project=${data.project}`} className="hover:underline">
            {t("nav.data")}
          </Link>
        }
        title={data.name}
        intro={t("dataset.summary", { rows: data.row_count, columns: data.column_count, size: format.bytes(data.size), version: data.current_version })}
        actions={
          <>
            {can("analysis.view") ? (
              <Button asChild variant="primary">
                <Link href={`/analysis?dataset=${data.id}`}>
                  <FlaskConical aria-hidden /> {t("dataset.analyse")}
                </Link>
              </Button>
            ) : null}
            {can("datasets.export") ? <ExportMenu dataset={data} version={version} /> : null}
            <DatasetMenu dataset={data} />
          </>
        }
      />
      {version && version !== data.current_version ? (
        <div className="mb-4 flex flex-wrap items-center justify-between gap-2 rounded-lg bg-signal-soft px-4 py-2 text-sm">
          {t("dataset.oldVersion", { version, current: data.current_version })}
          <Button size="sm" onClick={() => set({ version: null })}>
            {t("dataset.showCurrent")}
          </Button>
        </div>
      ) : null}
      <Tabs value={tab} onValueChange={(next) => set({ tab: next === "rows" ? null : next })}>
        <TabsList aria-label={t("dataset.parts")}>
          <TabsTrigger value="rows">{t("dataset.tab.rows")}</TabsTrigger>
          <TabsTrigger value="columns">{t("dataset.tab.columns")}</TabsTrigger>
          <TabsTrigger value="receipt">
            {t("dataset.tab.receipt")}
            {receipt && receipt.repair_count > 0 ? <span className="tabular rounded-full bg-signal-soft px-1.5 text-[0.6875rem] text-signal-text">{format.number(receipt.repair_count)}</span> : null}
          </TabsTrigger>
          {can("datasets.update") ? <TabsTrigger value="recipe">{t("dataset.tab.recipe")}</TabsTrigger> : null}
          <TabsTrigger value="versions">{t("dataset.tab.versions")}</TabsTrigger>
        </TabsList>
        <TabsContent value="rows">
          <PreviewGrid dataset={data} version={version} profiles={profile.data?.columns} />
        </TabsContent>
        <TabsContent value="columns">
          <ColumnProfiles columns={data.columns} query={profile} />
        </TabsContent>
        <TabsContent value="receipt">
          <ReceiptView dataset={data} version={version} query={profile} />
        </TabsContent>
        {can("datasets.update") ? (
          <TabsContent value="recipe">
            <RecipeEditor dataset={data} />
          </TabsContent>
        ) : null}
        <TabsContent value="versions">
          <VersionList dataset={data} />
        </TabsContent>
      </Tabs>
    </>
  );
}

function DatasetMenu({ dataset }: { dataset: DatasetDetail }) {
  const { t } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const router = useRouter();
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const remove = useMutation({
    mutationFn: () => deleteDataset(dataset.id),
    onSuccess: () => {
      toast(t("dataset.deleted", { name: dataset.name }));
      client.removeQueries({ queryKey: datasetKeys.detail(dataset.id) });
      void client.invalidateQueries({ queryKey: datasetKeys.all });
      router.replace(`/data?project=${dataset.project}`);
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  if (!can("datasets.update") && !can("datasets.delete")) return null;
  return (
    <>
      <MenuRoot>
        <MenuTrigger asChild>
          <Button size="icon" aria-label={t("common.more")}>
            <MoreHorizontal aria-hidden />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          {can("datasets.update") ? (
            <MenuItem onSelect={() => setDialog("rename")}>
              <Pencil aria-hidden /> {t("common.rename")}
            </MenuItem>
          ) : null}
          {can("datasets.delete") ? (
            <MenuItem tone="danger" onSelect={() => setDialog("delete")}>
              <Trash2 aria-hidden /> {t("common.delete")}
            </MenuItem>
          ) : null}
        </MenuContent>
      </MenuRoot>
      {dialog === "rename" ? <RenameDialog dataset={dataset} onClose={() => setDialog(null)} /> : null}
      <Confirm
        open={dialog === "delete"}
        onOpenChange={(open) => (open ? undefined : setDialog(null))}
        title={t("dataset.deleteTitle", { name: dataset.name })}
        description={t("dataset.deleteDetail")}
        confirmLabel={t("common.delete")}
        danger
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}

function RenameDialog({ dataset, onClose }: { dataset: DatasetDetail; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [name, setName] = useState(dataset.name);
  const rename = useMutation({
    mutationFn: (next: string) => renameDataset(dataset.id, next),
    // The new name shows at once; a refusal brings the old one back.
    onMutate: (next) => {
      client.setQueryData<DatasetDetail>(datasetKeys.detail(dataset.id), (now) => (now ? { ...now, name: next } : now));
    },
    onSuccess: (_, next) => {
      void client.invalidateQueries({ queryKey: datasetKeys.all });
      const undo = (): void => {
        void renameDataset(dataset.id, dataset.name).then(() => client.invalidateQueries({ queryKey: datasetKeys.all }));
      };
      toast(t("dataset.renamed", { name: next }), { undo });
      onClose();
    },
    onError: () => {
      client.setQueryData<DatasetDetail>(datasetKeys.detail(dataset.id), (now) => (now ? { ...now, name: dataset.name } : now));
    },
  });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("common.rename")} closeLabel={t("common.close")}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) rename.mutate(name.trim());
          }}
        >
          <Field label={t("data.name")}>{(control) => <Input {...control} autoFocus dir="auto" maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
          <FormError error={rename.error} />
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t("common.cancel")}</Button>
            <Button type="submit" variant="primary" pending={rename.isPending} disabled={!name.trim()}>
              {t("common.save")}
            </Button>
          </div>
        </form>
      </DialogContent>
    </Dialog>
  );
}
