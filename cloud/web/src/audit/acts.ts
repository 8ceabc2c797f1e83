import { useTranslation } from "react-i18next";

/** Name of an act by its code; one that is not known here yet is shown as it came. */
export function useActName(): (code: string) => string {
  const { t, i18n } = useTranslation();
  return (code) =>
    i18n.exists(`journal.acts.${code}`) ? String(t(`journal.acts.${code}` as "titles.journal")) : code;
}

/** Days of the form are this browser's; the last one is meant whole. */
export function filterOf(chosen: { actor: string; act: string; object: string; from: string; to: string }) {
  const day = (text: string, more: number) => {
    const [y, m, d] = text.split("-").map(Number);
    const at = y && m && d ? new Date(y, m - 1, d + more) : undefined;
    return at ? BigInt(at.getTime()) : 0n;
  };
  return {
    actor: chosen.actor,
    act: chosen.act,
    object: chosen.object,
    sinceMs: day(chosen.from, 0),
    untilMs: day(chosen.to, 1),
  };
}
