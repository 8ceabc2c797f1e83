import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import words from "../words/ru/tree.json";

type Reason = keyof typeof words.treeReasons;

/** Why a change was refused, as a sentence: the cabinet tells a word for it. */
export function useTreeTrouble(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    const code = codeOf(error);
    if (code in words.treeReasons) return t(`treeReasons.${code as Reason}`);
    if (troubleOf(error) === "unreachable") return t("nothing.unreachable");
    return t("nothing.refusedTodo", { code });
  };
}
