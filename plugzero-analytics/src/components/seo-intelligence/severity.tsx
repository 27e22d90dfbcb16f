"use client";

import { Badge, type BadgeTone } from "@/components/ui/badge";
import { useI18n } from "@/context/i18n";
import type { Severity } from "@/lib/api/seo";
import type { MessageKey } from "@/lib/i18n/translator";

export const SEVERITY_TONES: Record<Severity, BadgeTone> = { error: "bad", warning: "warning", notice: "neutral" };
const LABELS: Record<Severity, MessageKey> = { error: "severity.error", warning: "severity.warning", notice: "severity.notice" };

export function SeverityBadge({ severity }: { severity: Severity }) {
  const { t } = useI18n();
  return <Badge tone={SEVERITY_TONES[severity]}>{t(LABELS[severity])}</Badge>;
}
