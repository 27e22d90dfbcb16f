"use client";

import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { FormError } from "@/components/ui/error-state";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useI18n } from "@/context/i18n";
import { isProblem } from "@/lib/api/problem";
import { verifySecondFactor } from "@/lib/session/client";

interface SecondFactorFormProps {
  challenge: string;
  methods: readonly string[];
  onSignedIn: () => void;
  onBack: () => void;
}

const RECOVERY = "recovery_code";

function recoveryMethod(methods: readonly string[]): string | undefined {
  return methods.find((method) => /recovery/i.test(method));
}

export function SecondFactorForm({ challenge, methods, onSignedIn, onBack }: SecondFactorFormProps) {
  const { t } = useI18n();
  const [recovery, setRecovery] = useState(false);
  const [code, setCode] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const [pending, setPending] = useState(false);
  const method = recovery ? (recoveryMethod(methods) ?? RECOVERY) : (methods.find((name) => /totp/i.test(name)) ?? "totp");

  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setFailure(null);
    setPending(true);
    try {
      await verifySecondFactor(challenge, method, code.trim());
      onSignedIn();
    } catch (error) {
      setCode("");
      setFailure(error);
    } finally {
      setPending(false);
    }
  };
  const expired = isProblem(failure) && /challenge|expired/.test(failure.code);
  return (
    <form onSubmit={onSubmit} noValidate className="flex flex-col gap-4">
      <p className="text-sm text-ink-2">{recovery ? t("auth.recoveryIntro") : t("auth.totpIntro")}</p>
      <Field key={method} label={recovery ? t("auth.recoveryCode") : t("auth.totpCode")}>
        {(control) => (
          <Input
            {...control}
            autoFocus
            value={code}
            onChange={(event) => setCode(event.target.value)}
            autoComplete="one-time-code"
            inputMode={recovery ? "text" : "numeric"}
            maxLength={recovery ? 40 : 10}
            dir="ltr"
            className="h-12 text-center text-xl tracking-[0.35em] tabular"
          />
        )}
      </Field>
      <FormError error={failure} />
      <Button type="submit" variant="primary" size="lg" pending={pending} disabled={code.trim().length < 6}>
        {t("auth.verify")}
      </Button>
      <div className="flex justify-between">
        <Button variant="link" onClick={onBack}>
          {expired ? t("auth.startAgain") : t("common.back")}
        </Button>
        <Button variant="link" onClick={() => { setRecovery(!recovery); setCode(""); setFailure(null); }}>
          {recovery ? t("auth.useTotp") : t("auth.useRecovery")}
        </Button>
      </div>
    </form>
  );
}
