"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { MailCheck } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import { useFragmentToken } from "@/hooks/use-fragment-token";
import { publicRequest } from "@/lib/api/public";
import { showFieldFaults } from "@/lib/forms";
import { AuthCard } from "./auth-card";

/** Asks for a reset mail or, with the mail's token, for the new password. */
export function ResetPage() {
  const { token, ready } = useFragmentToken();
  if (!ready) return null;
  return token ? <NewPassword token={token} /> : <AskForMail />;
}

function AskForMail() {
  const { t } = useI18n();
  const [sent, setSent] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const form = useForm({
    resolver: zodResolver(z.object({ email: z.email(t("validation.email")) })),
    defaultValues: { email: "" },
  });
  const onSubmit = form.handleSubmit(async (values) => {
    setFailure(null);
    try {
      await publicRequest("POST", "/api/v1/auth/password-reset/", values);
      setSent(true);
    } catch (error) {
      setFailure(showFieldFaults(error, form, ["email"]));
    }
  });
  return (
    <AuthCard title={t("auth.resetTitle")} intro={t("auth.resetIntro")} footer={<BackToLogin />}>
      {sent ? (
        <EmptyState icon={MailCheck} title={t("auth.resetSent")}>
          {t("auth.resetSentDetail")}
        </EmptyState>
      ) : (
        <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
          <Field label={t("auth.email")} error={form.formState.errors.email?.message}>
            {(control) => <Input {...control} {...form.register("email")} type="email" autoComplete="username" dir="ltr" />}
          </Field>
          <FormError error={failure} />
          <Button type="submit" variant="primary" size="lg" pending={form.formState.isSubmitting}>
            {t("auth.resetSend")}
          </Button>
        </form>
      )}
    </AuthCard>
  );
}

function NewPassword({ token }: { token: string }) {
  const { t } = useI18n();
  const [done, setDone] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const form = useForm({
    resolver: zodResolver(z.object({ password: z.string().min(8, t("validation.password", { min: 8 })) })),
    defaultValues: { password: "" },
  });
  const onSubmit = form.handleSubmit(async (values) => {
    setFailure(null);
    try {
      await publicRequest("POST", "/api/v1/auth/password-reset/confirm/", { token, password: values.password });
      setDone(true);
    } catch (error) {
      setFailure(showFieldFaults(error, form, ["password"]));
    }
  });
  return (
    <AuthCard title={t("auth.newPassword")} intro={done ? t("auth.passwordChanged") : t("auth.newPasswordIntro")} footer={<BackToLogin />}>
      {done ? null : (
        <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
          <Field label={t("auth.newPassword")} error={form.formState.errors.password?.message}>
            {(control) => <Input {...control} {...form.register("password")} type="password" autoComplete="new-password" dir="ltr" />}
          </Field>
          <FormError error={failure} />
          <Button type="submit" variant="primary" size="lg" pending={form.formState.isSubmitting}>
            {t("auth.setPassword")}
          </Button>
        </form>
      )}
    </AuthCard>
  );
}

function BackToLogin() {
  const { t } = useI18n();
  return (
    <Link href="/login" className="text-accent hover:underline">
      {t("auth.backToLogin")}
    </Link>
  );
}
