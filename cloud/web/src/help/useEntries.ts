import { use, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLang } from "../fleet/facts";
import { type Entry, entriesOf, type Reasons, type Right } from "./entries";
import { helpWords } from "./words";

/** Where the words of subjects keep the reasons of their refusals. */
const REASONS = ["access.reasons", "treeReasons", "people.reasons"];

type Named = Readonly<Record<string, string>>;

/** Rights by the names that pages tell when one is missing: tills:view. */
function rightsOf(names: Named, what: Named, say: (name: string) => string): Right[] {
  return Object.entries(names).map(([key, name]) => ({
    id: key.replace("_", ":"),
    text: say(name),
    what: what[key] ?? "",
  }));
}

/** The catalogue in the language of the screen. */
export function useEntries(): readonly Entry[] {
  const { t, i18n } = useTranslation();
  const lang = useLang();
  const words = use(helpWords(lang));
  return useMemo(
    () =>
      entriesOf(
        i18n.getResource(lang, "translation", "problems"),
        words,
        Object.assign({}, ...REASONS.map((key) => i18n.getResource(lang, "translation", key))) as Reasons,
        rightsOf(
          i18n.getResource(lang, "translation", "people.permissions"),
          i18n.getResource(lang, "translation", "people.permissionsWhat"),
          (name) => t("aid.right", { name }),
        ),
      ),
    [i18n, lang, words, t],
  );
}
