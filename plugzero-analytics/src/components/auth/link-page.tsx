"use client";

import { CircleCheck, LinkIcon } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { FormError } from "@/components/ui/error-state";
import { useI18n } from "@/context/i18n";
import { useFragmentToken } from "@/hooks/use-fragment-token";
import { publicRequest } from "@/lib/api/public";
import type { MessageKey } from "@/lib/i18n/translator";
import { AuthCard } from "./auth-card";

const KINDS = {
  "verify-email": { path: "/api/v1/auth/verify-email/", title: "link.verify.title", intro: "link.verify.intro", done: "link.verify.done" },
  "change-email": { path: "/api/v1/auth/email-change/confirm/", title: "link.change.title", intro: "link.change.intro", done: "link.change.done" },
} as const satisfies Record<string, { path: string; title: MessageKey; intro: MessageKey; done: MessageKey }>;

/** What a mailed link asks for happens on a click: mail scanners open links, they press no buttons. */
export function LinkPage({ kind }: { kind: keyof typeof KINDS }) {
  const { t } = useI18n();
  const { token, ready } = useFragmentToken();
  const [state, setState] = useState<"idle" | "pending" | "done" | "waiting">("idle");
  const [failure, setFailure] = useState<unknown>(null);
  const { path, title, intro, done } = KINDS[kind];
  const confirm = async (): Promise<void> => {
    setState("pending");
    setFailure(null);
    try {
      const answer = await publicRequest<{ changed?: boolean } | undefined>("POST", path, { token });
      setState(answer?.changed === false ? "waiting" : "done");
    } catch (error) {
      setFailure(error);
      setState("idle");
    }
  };
  return (
    <AuthCard title={t(title)} intro={t(intro)}>
      {!ready ? null : state === "done" || state === "waiting" ? (
        <EmptyState icon={CircleCheck} title={state === "done" ? t(done) : t("link.change.waiting")} action={<Button asChild variant="primary"><Link href="/home">{t("nav.home")}</Link></Button>} />
      ) : token ? (
        <div className="flex flex-col gap-4">
          <FormError error={failure} />
          <Button variant="primary" size="lg" pending={state === "pending"} onClick={() => void confirm()}>{t("link.confirm")}</Button>
        </div>
      ) : (
        <EmptyState icon={LinkIcon} title={t("link.broken")}>{t("link.brokenDetail")}</EmptyState>
      )}
    </AuthCard>
  );
}
