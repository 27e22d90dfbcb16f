"use client";

import { ALargeSmall, CalendarDays, Fingerprint, Hash, ListOrdered, type LucideIcon, Tag, ToggleLeft } from "lucide-react";
import { useI18n } from "@/context/i18n";
import { cn } from "@/lib/class-names";
import type { Measure } from "@/lib/columns";
import type { MessageKey } from "@/lib/i18n/translator";

const ICONS: Record<Measure, { icon: LucideIcon; label: MessageKey }> = {
  nominal: { icon: Tag, label: "measure.nominal" },
  ordinal: { icon: ListOrdered, label: "measure.ordinal" },
  scale: { icon: Hash, label: "measure.scale" },
  binary: { icon: ToggleLeft, label: "measure.binary" },
  date: { icon: CalendarDays, label: "measure.date" },
  text: { icon: ALargeSmall, label: "measure.text" },
  identifier: { icon: Fingerprint, label: "measure.identifier" },
};

export function MeasureIcon({ measure, className }: { measure: Measure; className?: string }) {
  const { t } = useI18n();
  const { icon: Icon, label } = ICONS[measure];
  return (
    <>
      <Icon className={cn("size-3.5 shrink-0 text-ink-3", className)} aria-hidden />
      <span className="sr-only">{t(label)}</span>
    </>
  );
}
