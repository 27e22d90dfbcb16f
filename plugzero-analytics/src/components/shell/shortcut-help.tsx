"use client";

import { Dialog, DialogContent } from "@/components/ui/dialog";
import { useI18n } from "@/context/i18n";
import type { MessageKey } from "@/lib/i18n/translator";

const SHORTCUTS: readonly [string, MessageKey][] = [
  ["Ctrl K", "palette.open"],
  ["g h", "nav.home"],
  ["g p", "nav.projects"],
  ["g d", "nav.data"],
  ["g a", "nav.analysis"],
  ["g s", "nav.seo"],
  ["g t", "nav.tasks"],
  ["Ctrl Enter", "analysis.run"],
  ["?", "shortcuts.title"],
];

export function ShortcutHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const { t } = useI18n();
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={t("shortcuts.title")} closeLabel={t("common.close")}>
        <dl className="divide-y divide-line">
          {SHORTCUTS.map(([keys, key]) => (
            <div key={keys} className="flex items-center justify-between py-2">
              <dt className="text-sm">{t(key)}</dt>
              <dd dir="ltr" className="flex gap-1">
                {keys.split(" ").map((part) => (
                  <kbd key={part}>{part}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </DialogContent>
    </Dialog>
  );
}
