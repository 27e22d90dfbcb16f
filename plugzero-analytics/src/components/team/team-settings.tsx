"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Switch } from "@/components/ui/checkbox";
import { Confirm } from "@/components/ui/confirm";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useReauthentication } from "@/context/reauthentication";
import { deleteTeam, getTeam, leaveTeam, type Team, updateTeam } from "@/lib/api/account";
import { metaKeys, teamKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";

export function TeamSettings({ teamId }: { teamId: string }) {
  const query = useQuery({ queryKey: teamKeys.part("detail", { teamId }), queryFn: ({ signal }) => getTeam(teamId, signal) });
  if (query.isPending) return <Skeleton className="h-64" />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  return <Settings key={query.data.id} team={query.data} />;
}

function Settings({ team }: { team: Team }) {
  const { t } = useI18n();
  const { can, meta, switchTeam } = useMeta();
  const client = useQueryClient();
  const router = useRouter();
  const confirmed = useReauthentication();
  const [name, setName] = useState(team.name);
  const [asking, setAsking] = useState<"leave" | "delete" | null>(null);
  const fail = (error: unknown): void => {
    setAsking(null);
    toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" });
  };
  const save = useMutation({
    mutationFn: (input: { name?: string; requires_two_factor?: boolean }) => confirmed(() => updateTeam(team.id, input)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: teamKeys.all });
      void client.invalidateQueries({ queryKey: metaKeys.all });
      toast(t("account.saved"));
    },
  });
  const away = (): void => {
    const next = meta.teams.find((other) => other.id !== team.id);
    if (next) switchTeam(next.id);
    router.push("/home");
  };
  const leave = useMutation({ mutationFn: () => leaveTeam(team.id), onSuccess: away, onError: fail });
  const remove = useMutation({ mutationFn: () => confirmed(() => deleteTeam(team.id)), onSuccess: away, onError: fail });
  const manage = can("team.manage");
  return (
    <Card>
      <CardHeader><CardTitle>{t("team.settings")}</CardTitle></CardHeader>
      <CardBody className="flex flex-col gap-5">
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate({ name: name.trim() });
          }}
        >
          <Field label={t("team.name")}>{(control) => <Input {...control} dir="auto" maxLength={120} disabled={!manage} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
          <FormError error={save.error} />
          {manage ? <Button type="submit" className="self-start" pending={save.isPending} disabled={!name.trim() || name === team.name}>{t("common.save")}</Button> : null}
        </form>
        <label className="flex items-start justify-between gap-4 border-t border-line pt-4">
          <span>
            <span className="block text-sm font-medium">{t("team.requireTwoFactor")}</span>
            <span className="block text-xs text-ink-3">{t("team.requireTwoFactorDetail")}</span>
          </span>
          <Switch checked={team.requires_two_factor} disabled={!manage || save.isPending} onCheckedChange={(on) => save.mutate({ requires_two_factor: on })} />
        </label>
        {team.is_personal ? null : (
          <div className="flex flex-wrap gap-2 border-t border-line pt-4">
            <Button onClick={() => setAsking("leave")}>{t("team.leave")}</Button>
            {can("team.delete") ? <Button variant="danger" onClick={() => setAsking("delete")}>{t("team.delete")}</Button> : null}
          </div>
        )}
      </CardBody>
      <Confirm open={asking === "leave"} onOpenChange={(open) => (open ? undefined : setAsking(null))} title={t("team.leaveTitle", { name: team.name })} description={t("team.leaveDetail")} confirmLabel={t("team.leave")} pending={leave.isPending} onConfirm={() => leave.mutate()} />
      <Confirm
        open={asking === "delete"}
        onOpenChange={(open) => (open ? undefined : setAsking(null))}
        title={t("team.deleteTitle", { name: team.name })}
        description={t("team.deleteDetail")}
        confirmLabel={t("team.delete")}
        danger
        pending={remove.isPending}
        onConfirm={() => {
          // The proof of identity is asked for in a dialog of its own.
          setAsking(null);
          remove.mutate();
        }}
      />
    </Card>
  );
}
