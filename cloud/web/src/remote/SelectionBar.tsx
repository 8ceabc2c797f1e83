import { Button } from "@mantine/core";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { speaking } from "../ui/later";

const WorkDialog = speaking(() => import("./WorkDialog"));

/** The cabinet takes no more at once. */
export const MOST_TILLS = 500;

/** Bar over a list of tills: one action for all that are shown. It stands by itself, whatever the list is drawn with. */
export function SelectionBar({ tills, disabled = false }: { tills: readonly Till[]; disabled?: boolean }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const [open, setOpen] = useState(false);
  if (!can("tills:recover") || tills.length === 0) return null;
  return (
    <>
      <Button
        variant="default"
        size="xs"
        disabled={disabled || tills.length > MOST_TILLS}
        title={
          tills.length > MOST_TILLS
            ? t("remote.works.tooMany", { count: tills.length, most: MOST_TILLS })
            : undefined
        }
        onClick={() => setOpen(true)}
      >
        {t("remote.works.start")}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <WorkDialog tills={tills} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
