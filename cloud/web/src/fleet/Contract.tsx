import { useMutation } from "@connectrpc/connect-query";
import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { day } from "../ui/format";
import { Unread } from "../ui/Nothing";
import { None } from "./facts";

/** Last day of the contract with the operator: nobody but a person knows it. */
export function ContractFact({ till }: { till: Till }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const [open, setOpen] = useState(false);
  return (
    <>
      {till.ofdContract ? t("contract.until", { date: day(till.ofdContract) }) : <None />}
      {can("tills:configure") && (
        <>
          {" "}
          <Button size="compact-xs" variant="subtle" onClick={() => setOpen(true)}>
            {t(till.ofdContract ? "contract.change" : "contract.set")}
          </Button>
        </>
      )}
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={<span className="strong">{t("contract.title")}</span>}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <ContractForm till={till} onDone={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function ContractForm({ till, onDone }: { till: Till; onDone: () => void }) {
  const { t } = useTranslation();
  const [until, setUntil] = useState(till.ofdContract);
  const set = useMutation(FleetService.method.setContract, { onSuccess: onDone });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    set.mutate({ tillId: till.id, until });
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        type="date"
        label={t("contract.day")}
        value={until}
        onChange={(e) => setUntil(e.currentTarget.value)}
        data-autofocus
      />
      {set.error && <Unread error={set.error} onRetry={() => set.reset()} />}
      <div style={{ display: "flex", gap: 8, marginTop: 16 }}>
        <Button type="submit" loading={set.isPending} disabled={until === ""}>
          {t("contract.save")}
        </Button>
        {till.ofdContract && (
          <Button
            variant="default"
            loading={set.isPending}
            onClick={() => set.mutate({ tillId: till.id, until: "" })}
          >
            {t("contract.clear")}
          </Button>
        )}
      </div>
    </form>
  );
}
