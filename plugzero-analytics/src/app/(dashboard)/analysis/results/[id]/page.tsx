import type { Metadata } from "next";
import { ResultPage } from "@/components/analytics/result-page";

export const metadata: Metadata = { title: "Result" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <ResultPage id={(await params).id} />;
}
