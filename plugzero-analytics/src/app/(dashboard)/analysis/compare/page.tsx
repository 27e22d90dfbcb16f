import type { Metadata } from "next";
import { ComparePage } from "@/components/analytics/compare-page";

export const metadata: Metadata = { title: "Compare results" };

export default function Page() {
  return <ComparePage />;
}
