"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { LinkIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useEffect, useState, type FormEvent } from "react";
import { ROLE_LABELS } from "@/components/shell/team-menu";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useSessionStatus } from "@/context/session";
import { useFragmentToken } from "@/hooks/use-fragment-token";
import { acceptInvitation, type InvitationPreview, previewInvitation } from "@/lib/api/account";
import { getMeta } from "@/lib/api/meta";
import { currentAccess, joinAsNew } from "@/lib/session/client";
import { chooseTeam } from "@/lib/session/team";
import { AuthCard } from "./auth-card";
import { SignInForm } from "./sign-in-form";

/** Joins a team: at once for who is signed in, after signing in for who has an account, with a new one otherwise. */
export function InvitationPage() {
  const { t } = useI18n();
  const { token, ready } = useFragmentToken();
  const preview = useQuery({ queryKey: ["invitation", token], queryFn: () => previewInvitation(token ?? ""), enabled: Boolean(token), retry: false });
  if (ready && !token) return <AuthCard title={t("invitation.title")}><EmptyState icon={LinkIcon} title={t("link.broken")}>{t("link.brokenDetail")}</EmptyState></AuthCard>;
  if (preview.isError) return <AuthCard title={t("invitation.title")}><ErrorState error={preview.error} onRetry={() => void preview.refetch()} /></AuthCard>;
  if (!preview.data || !token) return <LoadingRegion label={t("common.loading")} className="w-full max-w-sm"><Skeleton className="h-64" /></LoadingRegion>;
  return <Invitation token={token} invitation={preview.data} />;
}

function Invitation({ token, invitation }: { token: string; invitation: InvitationPreview }) {
  const { t } = useI18n();
  const router = useRouter();
  const client = useQueryClient();
  const status = useSessionStatus();
  const [failure, setFailure] = useState<unknown>(null);
  const [pending, setPending] = useState(false);
  const role = ROLE_LABELS[invitation.role];
  useEffect(() => {
    void currentAccess().catch(() => undefined);
  }, []);
  const join = async (): Promise<void> => {
    setPending(true);
    setFailure(null);
    try {
      chooseTeam(await acceptInvitation(token));
      client.clear();
      router.replace("/home");
    } catch (error) {
      setFailure(error);
      setPending(false);
    }
  };
  return (
    <AuthCard title={t("invitation.join", { team: invitation.team_name })} intro={t("invitation.intro", { email: invitation.email, role: role ? t(role) : invitation.role })}>
      <div className="flex flex-col gap-4">
        <FormError error={failure} />
        {status === "active" ? (
          <Button variant="primary" size="lg" pending={pending} onClick={() => void join()}>{t("invitation.accept")}</Button>
        ) : invitation.has_account ? (
          <>
            <p className="text-sm text-ink-2">{t("invitation.signIn")}</p>
            <SignInForm email={invitation.email} onSignedIn={() => void join()} />
          </>
        ) : (
          <NewMember token={token} invitation={invitation} />
        )}
      </div>
    </AuthCard>
  );
}

function NewMember({ token, invitation }: { token: string; invitation: InvitationPreview }) {
  const { t } = useI18n();
  const router = useRouter();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const [pending, setPending] = useState(false);
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setPending(true);
    setFailure(null);
    try {
      await joinAsNew({ token, name: name.trim(), password });
      // A new account has a personal team as well; the visit begins in the one that invited.
      const { teams } = await getMeta();
      chooseTeam(teams.find((team) => !team.is_personal && team.name === invitation.team_name)?.id ?? null);
      router.replace("/home");
    } catch (error) {
      setFailure(error);
      setPending(false);
    }
  };
  return (
    <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
      <Field label={t("auth.name")}>{(control) => <Input {...control} autoComplete="name" dir="auto" value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label={t("auth.password")} hint={t("auth.passwordHint", { min: 8 })}>{(control) => <Input {...control} type="password" autoComplete="new-password" dir="ltr" value={password} onChange={(event) => setPassword(event.target.value)} />}</Field>
      <FormError error={failure} />
      <Button type="submit" variant="primary" size="lg" pending={pending} disabled={password.length < 8}>{t("invitation.acceptNew")}</Button>
    </form>
  );
}
