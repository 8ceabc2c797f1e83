import { NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { LANGS, setLang } from "../words";
import { langOf } from "./format";

/** Switch of the language of this browser. */
export function Language({ label = false }: { label?: boolean }) {
  const { t, i18n } = useTranslation();
  return (
    <NativeSelect
      label={label ? t("language") : undefined}
      aria-label={label ? undefined : t("language")}
      size={label ? "sm" : "xs"}
      value={langOf(i18n.language)}
      onChange={(e) => void setLang(langOf(e.currentTarget.value))}
      data={LANGS.map(({ lang, name }) => ({ value: lang, label: name }))}
      w={label ? undefined : 104}
    />
  );
}
