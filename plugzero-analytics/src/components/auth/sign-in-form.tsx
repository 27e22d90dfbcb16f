"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { Button } from "@/components/ui/button";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import { signIn } from "@/lib/session/client";
import { SecondFactorForm } from "./second-factor-form";

interface SignInFormProps {
  onSignedIn: () => void;
  email?: string;
}

/** E-mail and password, then the second factor when the account has one. */
export function SignInForm({ onSignedIn, email = "" }: SignInFormProps) {
  const { t } = useI18n();
  const [challenge, setChallenge] = useState<{ challenge: string; methods: string[] } | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const form = useForm({
    resolver: zodResolver(
      z.object({ email: z.email(t("validation.email")), password: z.string().min(1, t("validation.required")) }),
    ),
    defaultValues: { email, password: "" },
  });
  if (challenge) {
    return <SecondFactorForm {...challenge} onSignedIn={onSignedIn} onBack={() => setChallenge(null)} />;
  }
  const onSubmit = form.handleSubmit(async (values) => {
    setFailure(null);
    try {
      const outcome = await signIn(values.email, values.password);
      if (outcome.kind === "challenge") setChallenge(outcome);
      else onSignedIn();
    } catch (error) {
      form.setValue("password", "");
      setFailure(error);
    }
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
      <Field label={t("auth.email")} error={errors.email?.message}>
        {(control) => <Input {...control} {...form.register("email")} type="email" autoComplete="username" dir="ltr" />}
      </Field>
      <Field label={t("auth.password")} error={errors.password?.message}>
        {(control) => <Input {...control} {...form.register("password")} type="password" autoComplete="current-password" dir="ltr" />}
      </Field>
      <FormError error={failure} />
      <Button type="submit" variant="primary" size="lg" pending={isSubmitting}>
        {t("auth.signIn")}
      </Button>
    </form>
  );
}
