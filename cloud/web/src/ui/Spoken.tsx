import { useTranslation } from "react-i18next";
import { inWords, langOfSaid } from "../words";
import { langOf } from "./format";

/** A sentence that came in Russian without a code, in the language of the screen; marked when it stays Russian. */
export function Spoken({ text, write = (s) => s }: { text: string; write?: (said: string) => string }) {
  const { i18n } = useTranslation();
  const lang = langOf(i18n.language);
  const said = inWords(lang, text) ?? text;
  return <span lang={langOfSaid(lang, said, text)}>{write(said)}</span>;
}

/** The same for a sentence that stands inside another one. */
export function useSaid(): (russian: string) => string {
  const { i18n } = useTranslation();
  return (russian) => inWords(langOf(i18n.language), russian) ?? russian;
}
