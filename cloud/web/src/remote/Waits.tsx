import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";

const WAITS = [5, 60, 480, 1440] as const;

/** How long a command may wait for its till. */
export function Waits({ value, onChange }: { value: number; onChange: (minutes: number) => void }) {
  const { t } = useTranslation();
  return (
    <Select
      label={t("remote.act.wait")}
      description={value > 5 ? t("remote.act.waitWhy") : undefined}
      data={WAITS.map((m) => ({ value: String(m), label: t(`remote.act.waits.${m}`) }))}
      value={String(value)}
      allowDeselect={false}
      onChange={(v) => onChange(Number(v ?? 5))}
      style={{ maxWidth: 320 }}
    />
  );
}
