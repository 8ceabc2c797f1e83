import { useMutation } from "@connectrpc/connect-query";
import { NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { OrganisationKind, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { FormDialog, useDone } from "./dialogs";
import { useSwitch } from "./Switcher";

/** Makes another company of the person's own, and goes to work there. */
export function AddCompany({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const go = useSwitch();
  const [name, setName] = useState("");
  const [kind, setKind] = useState(OrganisationKind.OWNER);
  const [country, setCountry] = useState("ru");
  const [taxId, setTaxId] = useState("");
  const make = useMutation(OrganisationService.method.createOrganisation, {
    onSuccess: ({ organisation }) => {
      done(t("people.company.added", { name: organisation?.name ?? "" }));
      onClose();
      if (organisation) void go(organisation.id);
    },
  });
  return (
    <FormDialog
      title={t("people.company.add")}
      act={t("people.company.add")}
      busy={make.isPending}
      error={make.error}
      disabled={name.trim() === ""}
      onAct={() => make.mutate({ organisation: { name, kind, country, taxId } })}
      onClose={onClose}
    >
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("people.company.addWhat")}
      </p>
      <TextInput
        label={t("people.company.name")}
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        maxLength={200}
        required
        withAsterisk={false}
        data-autofocus
      />
      <NativeSelect
        mt="sm"
        label={t("people.company.kind")}
        value={kind}
        onChange={(e) => setKind(Number(e.currentTarget.value))}
        data={[
          { value: String(OrganisationKind.OWNER), label: t("people.company.kinds.owner") },
          { value: String(OrganisationKind.SERVICE), label: t("people.company.kinds.service") },
        ]}
      />
      <TaxFields country={country} onCountry={setCountry} taxId={taxId} onTaxId={setTaxId} />
    </FormDialog>
  );
}

/** Country and the number by which its tax office knows the company. */
export function TaxFields(p: {
  country: string;
  onCountry: (country: string) => void;
  taxId: string;
  onTaxId: (taxId: string) => void;
  none?: boolean;
}) {
  const { t } = useTranslation();
  const kz = p.country === "kz";
  return (
    <div style={{ display: "flex", flexWrap: "wrap", gap: 12, marginTop: 8 }}>
      <NativeSelect
        label={t("people.company.country")}
        value={p.country}
        onChange={(e) => p.onCountry(e.currentTarget.value)}
        flex="1 1 140px"
        data={[
          ...(p.none ? [{ value: "", label: t("people.company.countries.none") }] : []),
          { value: "ru", label: t("people.company.countries.ru") },
          { value: "kz", label: t("people.company.countries.kz") },
        ]}
      />
      <TextInput
        label={
          p.country === ""
            ? t("people.company.taxId")
            : t(kz ? "people.company.taxKz" : "people.company.taxRu")
        }
        description={
          p.country === "" ? undefined : t(kz ? "people.company.taxKzHow" : "people.company.taxRuHow")
        }
        inputWrapperOrder={["label", "input", "description"]}
        value={p.taxId}
        onChange={(e) => p.onTaxId(e.currentTarget.value)}
        inputMode="numeric"
        autoComplete="off"
        maxLength={40}
        flex="2 1 200px"
      />
    </div>
  );
}
