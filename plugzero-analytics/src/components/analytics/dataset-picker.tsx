"use client";

import { useQuery } from "@tanstack/react-query";
import { Combobox } from "@/components/ui/combobox";
import { useI18n } from "@/context/i18n";
import { listDatasets } from "@/lib/api/datasets";
import { datasetKeys } from "@/lib/api/keys";

interface DatasetPickerProps {
  id?: string;
  value: string | null;
  onValueChange: (id: string | null) => void;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

export function DatasetPicker(props: DatasetPickerProps) {
  const { t } = useI18n();
  const query = useQuery({ queryKey: datasetKeys.list({ page_size: 200 }), queryFn: ({ signal }) => listDatasets({ page_size: 200 }, signal) });
  return (
    <Combobox
      {...props}
      options={(query.data?.results ?? []).map((dataset) => ({ value: dataset.id, label: dataset.name }))}
      placeholder={t("analysis.chooseDataset")}
      searchLabel={t("data.search")}
      emptyText={t("common.nothingFound")}
    />
  );
}
