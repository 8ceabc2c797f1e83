import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { Button, Group, NativeSelect, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { save } from "../documents/save";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { Consent, useNotStarted, useOrder } from "./Actions";
import { AGENT, actionKey, isLevel, LEVELS, type Level, type Offer } from "./actions";

/** «Агент»: what can be asked of the program beside the till. Each shows its plan first, like what is asked of the till. */
export function AgentPart({ till, onStarted }: { till: Till; onStarted: (id: string) => void }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const [asking, setAsking] = useState<Offer>();
  const [level, setLevel] = useState<Level>("debug");
  const { order, busy } = useOrder(till.id, (id) => {
    onStarted(id);
    document.documentElement.scrollTo?.({ top: 0, behavior: "smooth" }); // where the steps are shown
  });
  if (!can("tills:recover") || !till.agentId) return null;
  return (
    <section className="panel" style={{ marginTop: 16 }} aria-label={t("agentPart.title")}>
      <Title order={2}>{t("agentPart.title")}</Title>
      <div className="quiet">{t("agentPart.about", { host: till.host || "—" })}</div>
      <Group gap={6} mt="sm">
        {AGENT.map((item) => (
          <Button
            key={item.action}
            variant="default"
            loading={busy(item.action)}
            onClick={() => setAsking(item)}
          >
            {t(actionKey(item.action))}
          </Button>
        ))}
      </Group>
      {asking && (
        <Consent
          key={asking.action}
          till={till}
          item={asking}
          onClose={() => setAsking(undefined)}
          onYes={(extras) => {
            setAsking(undefined);
            order(asking.action, { ...extras, logLevel: asking.action === Action.LOG_LEVEL ? level : "" });
          }}
        >
          {asking.action === Action.LOG_LEVEL && (
            <NativeSelect
              mt="md"
              label={t("agentPart.level")}
              value={level}
              onChange={(e) => isLevel(e.currentTarget.value) && setLevel(e.currentTarget.value)}
              data={LEVELS.map((value) => ({ value, label: t(`agentPart.levels.${value}`) }))}
            />
          )}
        </Consent>
      )}
    </section>
  );
}

/** The redacted file that a command brought. */
export function BundleButton({ commandId }: { commandId: string }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const transport = useTransport();
  const notStarted = useNotStarted();
  const [busy, setBusy] = useState(false);
  if (!can("tills:recover")) return null;
  const fetch = async () => {
    setBusy(true);
    try {
      const file = await createClient(FleetService, transport).getCommandBundle({ commandId });
      save(file.bundle, file.name, "application/zip");
    } catch (error) {
      notStarted(error as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button mt="xs" size="compact-sm" variant="light" loading={busy} onClick={() => void fetch()}>
      {t("agentPart.download")}
    </Button>
  );
}
