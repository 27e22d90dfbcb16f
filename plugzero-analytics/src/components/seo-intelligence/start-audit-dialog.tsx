"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { Controller, useForm } from "react-hook-form";
import { z } from "zod";
import { Button } from "@/components/ui/button";
import { Switch } from "@/components/ui/checkbox";
import { Combobox } from "@/components/ui/combobox";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input, Textarea } from "@/components/ui/input";
import { Select } from "@/components/ui/select";
import { useI18n } from "@/context/i18n";
import { useDraft } from "@/hooks/use-draft";
import { projectKeys, seoKeys, taskKeys } from "@/lib/api/keys";
import { createProject, listProjects } from "@/lib/api/projects";
import { listAudits, startAudit } from "@/lib/api/seo";
import { showFieldFaults } from "@/lib/forms";

const lines = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter(Boolean);

interface AuditForm {
  target_url: string;
  project: string;
  max_pages: number;
  scope_mode: "host" | "subdomains" | "folder";
  include: string;
  exclude: string;
  obey_robots: boolean;
  use_sitemaps: boolean;
  check_resources: boolean;
}

export function StartAuditDialog({ initialProject, onClose }: { initialProject: string | null; onClose: () => void }) {
  const { t } = useI18n();
  const router = useRouter();
  const client = useQueryClient();
  const projects = useQuery({ queryKey: projectKeys.list({ page_size: 200 }), queryFn: ({ signal }) => listProjects({ page_size: 200 }, signal) });
  const options = projects.data?.results ?? [];
  const form = useForm<AuditForm>({
    resolver: zodResolver(
      z.object({
        target_url: z.string().trim().min(3, t("validation.required")).max(2000, t("validation.tooLong", { limit: 2000 })),
        project: z.string(),
        max_pages: z.number(t("validation.integer")).int(t("validation.integer")).min(1, t("validation.minimum", { min: 1 })).max(100_000, t("validation.maximum", { max: 100_000 })),
        scope_mode: z.enum(["host", "subdomains", "folder"]),
        include: z.string(),
        exclude: z.string(),
        obey_robots: z.boolean(),
        use_sitemaps: z.boolean(),
        check_resources: z.boolean(),
      }),
    ),
    defaultValues: {
      target_url: "", project: initialProject ?? "", max_pages: 500, scope_mode: "host", include: "", exclude: "", obey_robots: true, use_sitemaps: true, check_resources: false,
    },
  });
  const draft = useDraft("audit.new", form);
  const start = useMutation({
    mutationFn: async (values: AuditForm) => {
      const project = values.project || options[0]?.id || (await createProject({ name: t("project.firstName"), description: "" })).id;
      return startAudit({
        project, target_url: values.target_url, max_pages: values.max_pages, scope_mode: values.scope_mode, include_patterns: lines(values.include), exclude_patterns: lines(values.exclude),
        obey_robots: values.obey_robots, use_sitemaps: values.use_sitemaps, check_resources: values.check_resources, max_depth: 20, max_seconds: 3600, user_agent: "", owner_permits_speed: false, crawl_delay: 0,
      });
    },
    onSuccess: async (run) => {
      draft.clear();
      client.setQueryData(taskKeys.detail(run.task_id), run);
      void client.invalidateQueries({ queryKey: seoKeys.all });
      void client.invalidateQueries({ queryKey: taskKeys.lists() });
      // The run names its audit only when it ends; until then the audit names its run.
      const recent = await listAudits({ page_size: 20 }).catch(() => null);
      const audit = recent?.results.find((candidate) => candidate.task_id === run.task_id);
      router.replace(audit ? `/seo/audits/${audit.id}` : "/seo");
    },
    onError: (error) => showFieldFaults(error, form, ["target_url", "project", "max_pages", "scope_mode"]),
  });
  const { errors } = form.formState;
  const placed = Object.values(errors).some((fault) => fault?.type === "server");
  const toggle = (name: "obey_robots" | "use_sitemaps" | "check_resources", label: string, hint: string) => (
    <Controller
      control={form.control}
      name={name}
      render={({ field }) => (
        <label className="flex items-start justify-between gap-4 text-sm">
          <span>
            <span className="block font-medium">{label}</span>
            <span className="block text-xs text-ink-3">{hint}</span>
          </span>
          <Switch checked={field.value} onCheckedChange={field.onChange} />
        </label>
      )}
    />
  );
  return (
    <Dialog open onOpenChange={(open) => { if (!open) { draft.clear(); onClose(); } }}>
      <DialogContent title={t("audit.new")} description={t("audit.newDetail")} closeLabel={t("common.close")}>
        <form onSubmit={form.handleSubmit((values) => start.mutate(values))} noValidate className="flex flex-col gap-4">
          <Field label={t("audit.url")} error={errors.target_url?.message} hint={t("audit.urlHint")}>
            {(control) => <Input {...control} {...form.register("target_url")} autoFocus type="url" dir="ltr" placeholder="https://example.com" />}
          </Field>
          {options.length > 1 ? (
            <Field label={t("project.switch")} error={errors.project?.message}>
              {(control) => (
                <Controller
                  control={form.control}
                  name="project"
                  render={({ field }) => (
                    <Combobox {...control} value={field.value || options[0]?.id || null} onValueChange={(id) => field.onChange(id ?? "")} options={options.map((entry) => ({ value: entry.id, label: entry.name }))} placeholder={t("project.switch")} searchLabel={t("project.search")} emptyText={t("common.nothingFound")} />
                  )}
                />
              )}
            </Field>
          ) : null}
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("audit.maxPages")} error={errors.max_pages?.message}>
              {(control) => <Input {...control} {...form.register("max_pages", { valueAsNumber: true })} type="number" min={1} max={100_000} dir="ltr" />}
            </Field>
            <Field label={t("audit.scope")}>
              {(control) => (
                <Controller
                  control={form.control}
                  name="scope_mode"
                  render={({ field }) => (
                    <Select {...control} value={field.value} onValueChange={field.onChange} options={[{ value: "host", label: t("audit.scope.host") }, { value: "subdomains", label: t("audit.scope.subdomains") }, { value: "folder", label: t("audit.scope.folder") }]} />
                  )}
                />
              )}
            </Field>
          </div>
          <details className="rounded-lg border border-line">
            <summary className="px-3 py-2 text-sm font-medium">{t("audit.advanced")}</summary>
            <div className="flex flex-col gap-4 border-t border-line p-3">
              <Field label={t("audit.include")} hint={t("audit.patternHint")}>{(control) => <Textarea {...control} {...form.register("include")} dir="ltr" rows={2} className="font-mono text-xs" />}</Field>
              <Field label={t("audit.exclude")} hint={t("audit.patternHint")}>{(control) => <Textarea {...control} {...form.register("exclude")} dir="ltr" rows={2} className="font-mono text-xs" />}</Field>
              {toggle("obey_robots", t("audit.robots"), t("audit.robotsHint"))}
              {toggle("use_sitemaps", t("audit.sitemaps"), t("audit.sitemapsHint"))}
              {toggle("check_resources", t("audit.resources"), t("audit.resourcesHint"))}
            </div>
          </details>
          <FormError error={placed ? null : start.error} />
          <Button type="submit" variant="primary" pending={start.isPending}>{t("audit.start")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}
