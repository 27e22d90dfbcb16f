import type { Metadata } from "next";
import { Workbench } from "@/components/analytics/workbench";

export const metadata: Metadata = { title: "Analysis" };

export default function Page() {
  return <Workbench />;
}
