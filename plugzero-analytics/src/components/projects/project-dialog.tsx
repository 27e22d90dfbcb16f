"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input, Textarea } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import { useDraft } from "@/hooks/use-draft";
import { projectKeys } from "@/lib/api/keys";
import { createProject, type Project, updateProject } from "@/lib/api/projects";
import { showFieldFaults } from "@/lib/forms";

/** Makes a project or changes one. What was typed survives a lost session and a closed tab. */
export function ProjectDialog({ project, onClose }: { project?: Project; onClose: () => void }) {
  const { t } = useI18n();
  const router = useRouter();
  const client = useQueryClient();
  const form = useForm({
    resolver: zodResolver(
      z.object({
        name: z.string().trim().min(1, t("validation.required")).max(120, t("validation.tooLong", { limit: 120 })),
        description: z.string().max(2000, t("validation.tooLong", { limit: 2000 })),
      }),
    ),
    defaultValues: { name: project?.name ?? "", description: project?.description ?? "" },
  });
  const draft = useDraft(`project.${project?.id ?? "new"}`, form);
  const save = useMutation({
    mutationFn: (values: { name: string; description: string }) => (project ? updateProject(project.id, values) : createProject(values)),
    onSuccess: (saved) => {
      draft.clear();
      void client.invalidateQueries({ queryKey: projectKeys.all });
      if (project) onClose();
      else router.replace(`/projects/${saved.id}`);
    },
    onError: (error) => showFieldFaults(error, form, ["name", "description"]),
  });
  const { errors } = form.formState;
  const placed = Boolean(errors.name?.type === "server" || errors.description?.type === "server");
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (open) return;
        draft.clear();
        onClose();
      }}
    >
      <DialogContent title={project ? t("project.edit") : t("project.create")} closeLabel={t("common.close")}>
        <form onSubmit={form.handleSubmit((values) => save.mutate(values))} noValidate className="flex flex-col gap-4">
          <Field label={t("project.name")} error={errors.name?.message}>
            {(control) => <Input {...control} {...form.register("name")} autoFocus dir="auto" />}
          </Field>
          <Field label={t("project.description")} error={errors.description?.message} optional={t("common.optional")}>
            {(control) => <Textarea {...control} {...form.register("description")} dir="auto" rows={3} />}
          </Field>
          <FormError error={placed ? null : save.error} />
          <div className="flex justify-end">
            <Button type="submit" variant="primary" pending={save.isPending}>
              {project ? t("common.save") : t("project.create")}
            </Button>
          </div>
        </form>
      </DialogContent>
    </Dialog>
  );
}
