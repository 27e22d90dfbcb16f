import type { Metadata } from "next";
import { AuditPage } from "@/components/seo-intelligence/audit-page";

export const metadata: Metadata = { title: "Site audit" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <AuditPage id={(await params).id} />;
}
