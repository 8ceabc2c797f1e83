import { use } from "react";
import { useTranslation } from "react-i18next";
import { Entry } from "../access/Entry";
import { useLang } from "../fleet/facts";
import { helpWords } from "./words";

/** The cabinet's own terms of use: where its owner has not put others. */
export default function TermsPage() {
  const { t } = useTranslation();
  const { terms } = use(helpWords(useLang()));
  return (
    <Entry title={t("help.terms")} wide>
      {Object.entries(terms).map(([key, text]) => (
        <p key={key} style={{ margin: 0 }}>
          {text}
        </p>
      ))}
    </Entry>
  );
}
