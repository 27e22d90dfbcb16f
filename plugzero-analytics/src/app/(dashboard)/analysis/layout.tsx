import type { ReactNode } from "react";
import { AppGate } from "@/components/shell/app-gate";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <AppGate app="analysis" permission="analysis.view">
      {children}
    </AppGate>
  );
}
