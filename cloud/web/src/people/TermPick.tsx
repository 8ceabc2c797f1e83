import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dayOf } from "./CompaniesPage";
import { endOf, TERMS, type Term } from "./term";

/** State of a term that is being chosen. */
export function useTerm(first: Term) {
  const [term, setTerm] = useState<Term>(first);
  const [day, setDay] = useState("");
  return { term, setTerm, day, setDay, end: () => endOf(term, day, new Date()) };
}

export function TermPick({ of, label }: { of: ReturnType<typeof useTerm>; label: string }) {
  const { t } = useTranslation();
  return (
    <div style={{ display: "flex", flexWrap: "wrap", gap: 12, marginTop: 8 }}>
      <NativeSelect
        label={label}
        value={of.term}
        onChange={(e) => of.setTerm(e.currentTarget.value as Term)}
        data={TERMS.map((x) => ({ value: x, label: t(`people.service.terms.${x}`) }))}
        flex="1 1 180px"
      />
      {of.term === "day" && (
        <TextInput
          type="date"
          label={t("people.service.day")}
          value={of.day}
          min={dayOf(new Date())}
          onChange={(e) => of.setDay(e.currentTarget.value)}
          flex="1 1 160px"
          required
          withAsterisk={false}
        />
      )}
    </div>
  );
}
