"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod";
import { Button } from "@/components/ui/button";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import { showFieldFaults } from "@/lib/forms";
import { safeNext } from "@/lib/safe-next";
import { signIn, signUp } from "@/lib/session/client";
import { AuthCard } from "./auth-card";

const MIN_PASSWORD = 8;

export function RegisterPage() {
  const { t } = useI18n();
  const router = useRouter();
  const search = useSearchParams();
  const next = safeNext(search.get("next"));
  const [failure, setFailure] = useState<unknown>(null);
  const form = useForm({
    resolver: zodResolver(
      z.object({
        name: z.string().trim().min(1, t("validation.required")).max(150, t("validation.tooLong", { max: 150 })),
        email: z.email(t("validation.email")),
        password: z.string().min(MIN_PASSWORD, t("validation.password", { min: MIN_PASSWORD })),
      }),
    ),
    defaultValues: { name: "", email: search.get("email") ?? "", password: "" },
  });
  const onSubmit = form.handleSubmit(async (values) => {
    setFailure(null);
    try {
      if ((await signUp(values)) === "signed-in") {
        router.replace(next);
        return;
      }
    } catch (error) {
      setFailure(showFieldFaults(error, form, ["name", "email", "password"]));
      return;
    }
    try {
      const outcome = await signIn(values.email, values.password);
      if (outcome.kind === "signed-in") {
        router.replace(next);
        return;
      }
    } catch {
      // The answer to a registration never tells whether the address was known; signing in is the next step.
    }
    router.replace(`/login?registered=1&email=${encodeURIComponent(values.email)}&next=${encodeURIComponent(next)}`);
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <AuthCard
      title={t("auth.createAccount")}
      intro={t("auth.registerIntro")}
      footer={
        <>
          {t("auth.haveAccount")}{" "}
          <Link href={`/login?next=${encodeURIComponent(next)}`} className="font-medium text-accent hover:underline">
            {t("auth.signIn")}
          </Link>
        </>
      }
    >
      <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
        <Field label={t("auth.name")} error={errors.name?.message}>
          {(control) => <Input {...control} {...form.register("name")} autoComplete="name" dir="auto" />}
        </Field>
        <Field label={t("auth.email")} error={errors.email?.message}>
          {(control) => <Input {...control} {...form.register("email")} type="email" autoComplete="username" dir="ltr" />}
        </Field>
        <Field label={t("auth.password")} error={errors.password?.message} hint={t("auth.passwordHint", { min: MIN_PASSWORD })}>
          {(control) => <Input {...control} {...form.register("password")} type="password" autoComplete="new-password" dir="ltr" />}
        </Field>
        <FormError error={failure} />
        <Button type="submit" variant="primary" size="lg" pending={isSubmitting}>
          {t("auth.register")}
        </Button>
      </form>
    </AuthCard>
  );
}
