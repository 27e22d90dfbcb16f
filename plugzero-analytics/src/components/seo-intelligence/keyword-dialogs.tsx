"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { seoKeys, taskKeys } from "@/lib/api/keys";
import { addKeyword, fetchSeries, listProviders, type Provider } from "@/lib/api/seo";

const ANY = "any";

export function AddKeywordDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [values, setValues] = useState({ query: "", country: "", language: "", device: ANY, landing_url: "" });
  const set = (change: Partial<typeof values>): void => setValues((now) => ({ ...now, ...change }));
  const add = useMutation({
    mutationFn: () =>
      addKeyword({
        project, query: values.query.trim(), country: values.country.trim().toUpperCase(), language: values.language.trim().toLowerCase(), landing_url: values.landing_url.trim(),
        device: values.device === "desktop" || values.device === "mobile" || values.device === "tablet" ? values.device : "",
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: seoKeys.all });
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("keywords.add")} description={t("keywords.addDetail")} closeLabel={t("common.close")}>
        <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); add.mutate(); }}>
          <Field label={t("keywords.query")}>{(control) => <Input {...control} autoFocus dir="auto" maxLength={500} value={values.query} onChange={(event) => set({ query: event.target.value })} />}</Field>
          <Field label={t("keywords.landing")} optional={t("common.optional")} hint={t("keywords.landingHint")}>{(control) => <Input {...control} type="url" dir="ltr" value={values.landing_url} onChange={(event) => set({ landing_url: event.target.value })} />}</Field>
          <div className="grid gap-4 sm:grid-cols-3">
            <Field label={t("keywords.country")} hint="DE, US, SA">{(control) => <Input {...control} dir="ltr" maxLength={2} value={values.country} onChange={(event) => set({ country: event.target.value })} />}</Field>
            <Field label={t("keywords.language")} hint="de, en, ar">{(control) => <Input {...control} dir="ltr" maxLength={5} value={values.language} onChange={(event) => set({ language: event.target.value })} />}</Field>
            <Field label={t("keywords.device")}>{(control) => <Select {...control} value={values.device} onValueChange={(device) => set({ device })} options={[{ value: ANY, label: t("common.all") }, { value: "desktop", label: t("device.desktop") }, { value: "mobile", label: t("device.mobile") }, { value: "tablet", label: t("device.tablet") }]} />}</Field>
          </div>
          <FormError error={add.error} />
          <Button type="submit" variant="primary" pending={add.isPending} disabled={!values.query.trim()}>{t("keywords.add")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

export function FetchSeriesDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const providers = useQuery({ queryKey: seoKeys.part("providers", { project }), queryFn: ({ signal }) => listProviders(project, signal) });
  const usable = (providers.data ?? []).filter((provider) => provider.is_connected && provider.capabilities.length > 0);
  const [chosen, setChosen] = useState<string | null>(null);
  const [start, setStart] = useState(() => daysAgo(730));
  const [end, setEnd] = useState(() => daysAgo(1));
  const provider: Provider | undefined = usable.find((candidate) => candidate.provider === chosen) ?? usable[0];
  const capability = provider?.capabilities.find((value): value is "rank" | "volume" | "interest" => value === "interest" || value === "volume" || value === "rank");
  const run = useMutation({
    mutationFn: () => fetchSeries({ project, provider: provider?.provider ?? "", capability: capability ?? "interest", start, end }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: taskKeys.lists() });
      toast(t("keywords.fetching"));
      onClose();
    },
  });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("keywords.fetch")} description={t("keywords.fetchDetail")} closeLabel={t("common.close")}>
        {providers.isPending ? <Skeleton className="h-40" /> : null}
        {providers.isError ? <ErrorState error={providers.error} onRetry={() => void providers.refetch()} /> : null}
        {providers.data && usable.length === 0 ? <EmptyState title={t("keywords.noProvider")}>{t("keywords.noProviderDetail")}</EmptyState> : null}
        {provider ? (
          <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); run.mutate(); }}>
            <Field label={t("keywords.provider")} hint={provider.note}>{(control) => <Select {...control} value={provider.provider} onValueChange={setChosen} options={usable.map((entry) => ({ value: entry.provider, label: entry.label }))} />}</Field>
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label={t("keywords.from")}>{(control) => <Input {...control} type="date" value={start} max={end} onChange={(event) => setStart(event.target.value)} />}</Field>
              <Field label={t("keywords.to")}>{(control) => <Input {...control} type="date" value={end} min={start} onChange={(event) => setEnd(event.target.value)} />}</Field>
            </div>
            <FormError error={run.error} />
            <Button type="submit" variant="primary" pending={run.isPending}>{t("keywords.fetch")}</Button>
          </form>
        ) : null}
      </DialogContent>
    </Dialog>
  );
}
