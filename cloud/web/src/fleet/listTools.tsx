import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { Button, Menu } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { Exports } from "../documents/Exports";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { IconDown, IconTick } from "../ui/icons";
import { COLUMNS } from "./columns";

/** Which columns are on screen. */
export function ColumnsMenu(p: {
  hidden: ReadonlySet<string>;
  onChange: (hidden: ReadonlySet<string>) => void;
}) {
  const { t } = useTranslation();
  const { can } = useSession();
  const flip = (id: string) => {
    const next = new Set(p.hidden);
    if (!next.delete(id)) next.add(id);
    p.onChange(next);
  };
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Button variant="default" size="xs" rightSection={<IconDown size={12} />}>
          {t("tillList.columns")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {COLUMNS.filter((c) => !c.always && (!c.needs || can(c.needs))).map((c) => (
          <Menu.Item
            key={c.id}
            aria-current={!p.hidden.has(c.id)}
            leftSection={p.hidden.has(c.id) ? <span className="notick" /> : <IconTick size={12} />}
            onClick={() => flip(c.id)}
          >
            {t(c.label)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** A file of exactly the tills on screen, in their order. */
export function Export({ tills, disabled }: { tills: readonly Till[]; disabled: boolean }) {
  const transport = useTransport();
  return (
    <Exports
      size="xs"
      disabled={disabled || tills.length === 0}
      make={(format) =>
        createClient(FleetService, transport).exportTills({ tillIds: tills.map((x) => x.id), format })
      }
    />
  );
}
