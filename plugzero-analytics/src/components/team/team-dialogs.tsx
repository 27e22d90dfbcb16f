"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { ROLE_LABELS } from "@/components/shell/team-menu";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Select } from "@/components/ui/select";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { createTeam, inviteMember, type RoleEnum } from "@/lib/api/account";
import { metaKeys, teamKeys } from "@/lib/api/keys";
import { showFieldFaults } from "@/lib/forms";
import type { MessageKey } from "@/lib/i18n/translator";

const INVITABLE: readonly { role: RoleEnum; text: MessageKey }[] = [
  { role: "ADMIN", text: "role.ADMIN.text" },
  { role: "MEMBER", text: "role.MEMBER.text" },
  { role: "VIEWER", text: "role.VIEWER.text" },
];

export function InviteDialog({ teamId, onClose }: { teamId: string; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [role, setRole] = useState<RoleEnum>("MEMBER");
  const form = useForm({ resolver: zodResolver(z.object({ email: z.email(t("validation.email")) })), defaultValues: { email: "" } });
  const invite = useMutation({
    mutationFn: (values: { email: string }) => inviteMember(teamId, { email: values.email, role }),
    onSuccess: (invitation) => {
      void client.invalidateQueries({ queryKey: teamKeys.all });
      toast(t("invitations.sent", { email: invitation.email }));
      onClose();
    },
    onError: (error) => showFieldFaults(error, form, ["email"]),
  });
  const fault = form.formState.errors.email;
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("team.invite")} description={t("invitations.detail")} closeLabel={t("common.close")}>
        <form onSubmit={form.handleSubmit((values) => invite.mutate(values))} noValidate className="flex flex-col gap-4">
          <Field label={t("auth.email")} error={fault?.message}>{(control) => <Input {...control} {...form.register("email")} autoFocus type="email" dir="ltr" />}</Field>
          <Field label={t("members.role")}>
            {(control) => (
              <Select
                {...control}
                value={role}
                onValueChange={(next) => setRole(next as RoleEnum)}
                options={INVITABLE.map((option) => ({ value: option.role, label: t(ROLE_LABELS[option.role] ?? "role.MEMBER"), description: t(option.text) }))}
              />
            )}
          </Field>
          <FormError error={fault?.type === "server" ? null : invite.error} />
          <Button type="submit" variant="primary" pending={invite.isPending}>{t("invitations.send")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}

export function NewTeamDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const { switchTeam } = useMeta();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => createTeam(name.trim()),
    onSuccess: async (team) => {
      onClose();
      switchTeam(team.id);
      await client.invalidateQueries({ queryKey: metaKeys.all });
      toast(t("team.switched", { name: team.name }));
    },
  });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={t("team.create")} description={t("team.createDetail")} closeLabel={t("common.close")}>
        <form
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Field label={t("team.name")}>{(control) => <Input {...control} autoFocus dir="auto" maxLength={120} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
          <FormError error={create.error} />
          <Button type="submit" variant="primary" pending={create.isPending} disabled={!name.trim()}>{t("team.create")}</Button>
        </form>
      </DialogContent>
    </Dialog>
  );
}
