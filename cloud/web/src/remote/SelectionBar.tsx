import { Button } from "@mantine/core";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { speaking } from "../ui/later";

const WorkDialog = speaking(() => import("./WorkDialog"));
const MaintenanceDialog = speaking(() => import("../fleet/MaintenanceDialog"));

/** The cabinet takes no more at once. */
export const MOST_TILLS = 500;

/** Bar over a list of tills: one action for all that are shown. It stands by itself, whatever the list is drawn with. */
export function SelectionBar({ tills, disabled = false }: { tills: readonly Till[]; disabled?: boolean }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const [open, setOpen] = useState<"work" | "upkeep">();
  if (!can("tills:recover") || tills.length === 0) return null;
  const button = {
    variant: "default",
    size: "xs",
    disabled: disabled || tills.length > MOST_TILLS,
    title:
      tills.length > MOST_TILLS
        ? t("remote.works.tooMany", { count: tills.length, most: MOST_TILLS })
        : undefined,
  };
  const Dialog = open === "work" ? WorkDialog : MaintenanceDialog;
  return (
    <>
      <Button {...button} onClick={() => setOpen("work")}>
        {t("remote.works.start")}
      </Button>
      <Button {...button} onClick={() => setOpen("upkeep")}>
        {t("upkeep.start")}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <Dialog tills={tills} onClose={() => setOpen(undefined)} />
        </Suspense>
      )}
    </>
  );
}
