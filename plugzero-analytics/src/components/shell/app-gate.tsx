"use client";

import { PowerOff } from "lucide-react";
import type { ReactNode } from "react";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { ApiProblem } from "@/lib/api/problem";

/** The pages of a micro-app: they say so when it is switched off, or when one may not see them. */
export function AppGate({ app, permission, children }: { app: string; permission: string; children: ReactNode }) {
  const { t } = useI18n();
  const { hasApp, can } = useMeta();
  if (!hasApp(app)) {
    return (
      <EmptyState icon={PowerOff} title={t("app.off")}>
        {t("app.offDetail")}
      </EmptyState>
    );
  }
  if (!can(permission)) return <ErrorState error={new ApiProblem({ status: 403, code: "permission_denied", title: "" })} />;
  return <>{children}</>;
}
