import type { Metadata } from "next";
import { LinkPage } from "@/components/auth/link-page";

export const metadata: Metadata = { title: "Change your address" };

export default function Page() {
  return <LinkPage kind="change-email" />;
}
