"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, MonitorSmartphone } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { ErrorState, FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { ReauthenticationProvider, useReauthentication } from "@/context/reauthentication";
import { useUrlState } from "@/hooks/use-url-state";
import {
  changeEmail, changePassword, deleteAccount, endOtherSessions, endSession, exportOwnData, getMe, listSessions, type Me, resendVerification, updateMe,
} from "@/lib/api/account";
import { accountKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { showFieldFaults } from "@/lib/forms";
import { saveBlob } from "@/lib/save-file";
import { signOut } from "@/lib/session/client";
import { TwoFactorCard } from "./two-factor";

const TABS = ["profile", "security", "sessions"] as const;

export function AccountPage() {
  const { t } = useI18n();
  const { get, set } = useUrlState();
  const tab = TABS.find((known) => known === get("tab")) ?? "profile";
  const me = useQuery({ queryKey: accountKeys.part("me"), queryFn: ({ signal }) => getMe(signal) });
  return (
    <ReauthenticationProvider>
      <PageHeader title={t("nav.account")} intro={me.data?.email} />
      {me.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-72" /></LoadingRegion> : null}
      {me.isError ? <ErrorState error={me.error} onRetry={() => void me.refetch()} /> : null}
      {me.data ? (
        <Tabs value={tab} onValueChange={(next) => set({ tab: next })}>
          <TabsList aria-label={t("nav.account")}>
            <TabsTrigger value="profile">{t("account.profile")}</TabsTrigger>
            <TabsTrigger value="security">{t("account.security")}</TabsTrigger>
            <TabsTrigger value="sessions">{t("account.sessions")}</TabsTrigger>
          </TabsList>
          <TabsContent value="profile" className="grid max-w-3xl gap-4">
            <ProfileCard me={me.data} />
            <EmailCard me={me.data} />
            <DataCard />
          </TabsContent>
          <TabsContent value="security" className="grid max-w-3xl gap-4">
            <TwoFactorCard me={me.data} />
            <PasswordCard />
          </TabsContent>
          <TabsContent value="sessions" className="max-w-3xl">
            <SessionsCard />
          </TabsContent>
        </Tabs>
      ) : null}
    </ReauthenticationProvider>
  );
}

function ProfileCard({ me }: { me: Me }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const form = useForm({
    resolver: zodResolver(z.object({ name: z.string().trim().max(120, t("validation.tooLong", { limit: 120 })) })),
    defaultValues: { name: me.name },
  });
  const save = useMutation({
    mutationFn: updateMe,
    onSuccess: (saved) => {
      client.setQueryData(accountKeys.part("me"), saved);
      toast(t("account.saved"));
    },
    onError: (error) => showFieldFaults(error, form, ["name"]),
  });
  const fault = form.formState.errors.name;
  return (
    <Card>
      <CardHeader><CardTitle>{t("account.profile")}</CardTitle></CardHeader>
      <CardBody>
        <form onSubmit={form.handleSubmit((values) => save.mutate(values))} noValidate className="flex flex-col gap-4">
          <Field label={t("auth.name")} error={fault?.message}>{(control) => <Input {...control} {...form.register("name")} autoComplete="name" dir="auto" />}</Field>
          <FormError error={fault ? null : save.error} />
          <Button type="submit" variant="primary" className="self-start" pending={save.isPending}>{t("common.save")}</Button>
        </form>
      </CardBody>
    </Card>
  );
}

function EmailCard({ me }: { me: Me }) {
  const { t } = useI18n();
  const confirmed = useReauthentication();
  const [email, setEmail] = useState("");
  const change = useMutation({ mutationFn: () => confirmed(() => changeEmail(email.trim())), onSuccess: () => { setEmail(""); toast(t("account.emailAsked")); } });
  const verify = useMutation({ mutationFn: resendVerification, onSuccess: () => toast(t("account.verificationSent")), onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }) });
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("auth.email")}</CardTitle>
        <Badge tone={me.email_verified ? "good" : "warning"}>{me.email_verified ? t("account.verified") : t("account.unverified")}</Badge>
      </CardHeader>
      <CardBody className="flex flex-col gap-4">
        <p dir="ltr" className="text-start text-sm">{me.email}</p>
        {me.email_verified ? null : <Button className="self-start" pending={verify.isPending} onClick={() => verify.mutate()}>{t("account.sendVerification")}</Button>}
        <form
          className="flex flex-col gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate();
          }}
        >
          <Field label={t("account.newEmail")} hint={t("account.newEmailHint")}>{(control) => <Input {...control} type="email" autoComplete="email" dir="ltr" value={email} onChange={(event) => setEmail(event.target.value)} />}</Field>
          <FormError error={change.error} />
          <Button type="submit" className="self-start" pending={change.isPending} disabled={!email.includes("@")}>{t("account.changeEmail")}</Button>
        </form>
      </CardBody>
    </Card>
  );
}

function PasswordCard() {
  const { t } = useI18n();
  const form = useForm({
    resolver: zodResolver(z.object({ current_password: z.string().min(1, t("validation.required")), password: z.string().min(8, t("validation.password", { min: 8 })) })),
    defaultValues: { current_password: "", password: "" },
  });
  const [failure, setFailure] = useState<unknown>(null);
  const { errors, isSubmitting } = form.formState;
  const onSubmit = form.handleSubmit(async (values) => {
    setFailure(null);
    try {
      await changePassword(values.current_password, values.password);
      form.reset();
      toast(t("account.passwordChanged"));
    } catch (error) {
      setFailure(showFieldFaults(error, form, ["current_password", "password"]));
    }
  });
  return (
    <Card>
      <CardHeader><CardTitle>{t("auth.password")}</CardTitle></CardHeader>
      <CardBody>
        <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
          <Field label={t("account.currentPassword")} error={errors.current_password?.message}>{(control) => <Input {...control} {...form.register("current_password")} type="password" autoComplete="current-password" dir="ltr" />}</Field>
          <Field label={t("auth.newPassword")} error={errors.password?.message} hint={t("account.passwordHint")}>{(control) => <Input {...control} {...form.register("password")} type="password" autoComplete="new-password" dir="ltr" />}</Field>
          <FormError error={failure} />
          <Button type="submit" variant="primary" className="self-start" pending={isSubmitting}>{t("account.changePassword")}</Button>
        </form>
      </CardBody>
    </Card>
  );
}

function SessionsCard() {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const query = useQuery({ queryKey: accountKeys.part("sessions"), queryFn: ({ signal }) => listSessions(signal) });
  const refresh = (): void => void client.invalidateQueries({ queryKey: accountKeys.part("sessions") });
  const end = useMutation({ mutationFn: endSession, onSuccess: refresh, onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }) });
  const endOthers = useMutation({
    mutationFn: endOtherSessions,
    onSuccess: (count) => {
      refresh();
      toast(t("sessions.ended", { count }));
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("account.sessions")}</CardTitle>
        <Button size="sm" pending={endOthers.isPending} onClick={() => endOthers.mutate()}>{t("sessions.endOthers")}</Button>
      </CardHeader>
      {query.isPending ? <Skeleton className="m-4 h-32" /> : null}
      {query.isError ? <ErrorState compact className="m-4" error={query.error} onRetry={() => void query.refetch()} /> : null}
      <ul className="divide-y divide-line">
        {query.data?.results.map((session) => (
          <li key={session.id} className="flex items-start gap-3 px-4 py-3">
            <MonitorSmartphone className="mt-0.5 size-5 shrink-0 text-ink-3" aria-hidden />
            <div className="min-w-0 flex-1">
              <p className="line-clamp-2 text-sm break-words">{session.user_agent || t("sessions.unknownDevice")}</p>
              <p className="text-xs text-ink-3">
                <span dir="ltr">{session.ip_address}</span> · {t("sessions.lastUsed", { when: format.relative(session.last_used_at) })}
              </p>
              <span className="mt-1 flex gap-1">
                {session.is_current ? <Badge tone="good">{t("sessions.current")}</Badge> : null}
                {session.two_factor ? <Badge tone="accent">{t("sessions.twoFactor")}</Badge> : null}
              </span>
            </div>
            {session.is_current ? null : <Button size="sm" onClick={() => end.mutate(session.id)}>{t("sessions.end")}</Button>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function DataCard() {
  const { t } = useI18n();
  const confirmed = useReauthentication();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => confirmed(deleteAccount),
    onSuccess: () => void signOut(),
    onError: (error) => {
      setAsking(false);
      toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" });
    },
  });
  const save = async (): Promise<void> => {
    try {
      saveBlob(await (await exportOwnData()).blob(), "account.json");
    } catch (error) {
      toast(describeProblem(error, t).title, { tone: "bad" });
    }
  };
  return (
    <Card>
      <CardHeader><CardTitle>{t("account.data")}</CardTitle></CardHeader>
      <CardBody className="flex flex-wrap gap-2">
        <Button onClick={() => void save()}><Download aria-hidden /> {t("account.export")}</Button>
        <Button variant="danger" onClick={() => setAsking(true)}>{t("account.delete")}</Button>
      </CardBody>
      <Confirm open={asking} onOpenChange={setAsking} title={t("account.deleteTitle")} description={t("account.deleteDetail")} confirmLabel={t("account.delete")} danger pending={remove.isPending} onConfirm={() => remove.mutate()} />
    </Card>
  );
}
