import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { codeOf } from "../app/transport";
import { TableFormat } from "../gen/cabinet/v1/figures_pb";
import { Coded } from "../help/HelpLink";
import { IconDown } from "../ui/icons";
import { save } from "./save";

/** What an export gives. */
export type TableFile = { file: Uint8Array; name: string; rows?: number; cut?: boolean };

/** Files of exactly what is on screen, however far it goes on. */
export function Exports(p: {
  make: (format: TableFormat) => Promise<TableFile>;
  size?: "xs";
  disabled?: boolean;
}) {
  const { t } = useTranslation();
  const file = useMutation({
    mutationFn: p.make,
    onSuccess: (res) => {
      save(res.file, res.name, res.name.endsWith(".csv") ? "text/csv" : "application/vnd.ms-excel");
      if (res.cut) notifications.show({ message: t("finder.cut", { count: res.rows ?? 0 }) });
    },
    onError: (error) =>
      notifications.show({
        color: "red",
        message: <Coded text={t("finder.unsaved", { code: codeOf(error) })} code={codeOf(error)} />,
      }),
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          size={p.size}
          disabled={p.disabled}
          loading={file.isPending}
          rightSection={<IconDown size={12} />}
        >
          {t("sales.export")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => file.mutate(TableFormat.XLSX)}>XLSX</Menu.Item>
        <Menu.Item onClick={() => file.mutate(TableFormat.CSV)}>CSV</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
