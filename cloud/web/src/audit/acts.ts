import { useTranslation } from "react-i18next";

/** Name of an act by its code; one that is not known here yet is shown as it came. */
export function useActName(): (code: string) => string {
  const { t, i18n } = useTranslation();
  return (code) =>
    i18n.exists(`journal.acts.${code}`) ? String(t(`journal.acts.${code}` as "titles.journal")) : code;
}
