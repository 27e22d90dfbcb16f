import type { Metadata } from "next";
import { CompetitorPage } from "@/components/seo-intelligence/competitor-page";

export const metadata: Metadata = { title: "Competitors" };

export default function Page() {
  return <CompetitorPage />;
}
