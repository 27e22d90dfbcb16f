import type { ReactNode } from "react";
import { AppGate } from "@/components/shell/app-gate";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <AppGate app="seo_intelligence" permission="seo.view">
      {children}
    </AppGate>
  );
}
