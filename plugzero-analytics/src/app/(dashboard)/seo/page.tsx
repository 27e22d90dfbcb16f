import type { Metadata } from "next";
import { AuditList } from "@/components/seo-intelligence/audit-list";

export const metadata: Metadata = { title: "SEO" };

export default function Page() {
  return <AuditList />;
}
