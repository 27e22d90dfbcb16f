import type { Metadata } from "next";
import { KeywordPage } from "@/components/seo-intelligence/keyword-page";

export const metadata: Metadata = { title: "Keywords" };

export default function Page() {
  return <KeywordPage />;
}
