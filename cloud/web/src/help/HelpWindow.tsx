import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { IconHelp } from "../ui/icons";
import { speaking, useOnce } from "../ui/later";
import type { PageKey } from "./pages";

const PageHelp = speaking(() => import("./PageHelp"));

export type HelpProps = {
  opened: boolean;
  onClose: () => void;
  /** Whoever reads has not come in: no pages and no keys are offered. */
  outside?: boolean;
  /** What is on the screen, when its address does not say. */
  page?: PageKey;
};

/** The window with the help of the page one stands on; read when it is first asked for. */
export function HelpWindow(p: HelpProps) {
  return useOnce(p.opened) ? (
    <Suspense fallback={null}>
      <PageHelp {...p} />
    </Suspense>
  ) : null;
}

export function HelpButton({ onClick }: { onClick: () => void }) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      className="chip helpbutton"
      aria-label={t("titles.help")}
      aria-haspopup="dialog"
      title={t("shell.help")}
      onClick={onClick}
    >
      <IconHelp /> <span aria-hidden>{t("titles.help")}</span>
    </button>
  );
}
