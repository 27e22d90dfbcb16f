"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect } from "react";
import { useI18n } from "@/context/i18n";
import { safeNext } from "@/lib/safe-next";
import { currentAccess } from "@/lib/session/client";
import { AuthCard } from "./auth-card";
import { SignInForm } from "./sign-in-form";

export function LoginPage() {
  const { t } = useI18n();
  const router = useRouter();
  const search = useSearchParams();
  const next = safeNext(search.get("next"));

  // A strict cookie does not come along on a click from a mail: who has a session after all goes straight on.
  useEffect(() => {
    let gone = false;
    currentAccess().then(
      () => !gone && router.replace(next),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [router, next]);

  return (
    <AuthCard
      title={t("auth.welcomeBack")}
      intro={search.get("registered") ? t("auth.registeredIntro") : t("auth.loginIntro")}
      footer={
        <div className="flex flex-col gap-1">
          <span>
            {t("auth.noAccount")}{" "}
            <Link href={`/register?next=${encodeURIComponent(next)}`} className="font-medium text-accent hover:underline">
              {t("auth.register")}
            </Link>
          </span>
          <Link href="/reset-password" className="text-accent hover:underline">
            {t("auth.forgot")}
          </Link>
        </div>
      }
    >
      <SignInForm onSignedIn={() => router.replace(next)} email={search.get("email") ?? ""} />
    </AuthCard>
  );
}
