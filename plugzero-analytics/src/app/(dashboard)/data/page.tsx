import type { Metadata } from "next";
import { DatasetList } from "@/components/data-collection/dataset-list";

export const metadata: Metadata = { title: "Data" };

export default function Page() {
  return <DatasetList />;
}
