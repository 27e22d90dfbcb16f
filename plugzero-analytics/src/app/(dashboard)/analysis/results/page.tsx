import type { Metadata } from "next";
import { ResultList } from "@/components/analytics/result-list";

export const metadata: Metadata = { title: "Results" };

export default function Page() {
  return <ResultList />;
}
