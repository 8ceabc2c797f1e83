import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Modal, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import type { Settings } from "../gen/cabinet/v1/settings_pb";
import { TreeService } from "../gen/cabinet/v1/tree_pb";
import { AgentSettings } from "../tree/AgentSettings";
import { OperatorChoice, OWN_LINK, SettingsStand, useSettings } from "../tree/OperatorChoice";
import { Unread } from "../ui/Nothing";
import { Pair } from "../ui/Pair";
import { Ago, When } from "../ui/time";
import { None } from "./facts";
import "../tree/tree.css";

/** How often it is read how the agent stands to what was chosen, ms. */
const EVERY = 30_000;

/** «ОФД и настройки»: what was chosen here, what the till is registered with, what its agent does; and where they differ. */
export function SettingsPart({ till }: { till: Till }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const settings = useSettings(till.id, EVERY);
  const [changing, setChanging] = useState(false);
  const s = settings.data?.settings;
  return (
    <section className="panel" style={{ marginTop: 16 }} aria-label={t("twin.title")}>
      <div style={{ display: "flex", justifyContent: "space-between", gap: 12, alignItems: "baseline" }}>
        <Title order={2}>{t("twin.title")}</Title>
        {s?.mayChange && can("tills:configure") && (
          <Button size="compact-sm" variant="default" onClick={() => setChanging(true)}>
            {t("twin.change")}
          </Button>
        )}
      </div>
      {settings.isPending ? (
        <Loader size="sm" aria-label={t("loading")} />
      ) : !s ? (
        <Unread error={settings.error} onRetry={() => void settings.refetch()} />
      ) : (
        <>
          <Facts till={till} settings={s} />
          <SettingsStand settings={s} sending={false} />
        </>
      )}
      <Modal
        opened={changing}
        onClose={() => setChanging(false)}
        title={<span className="strong">{t("twin.title")}</span>}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <p className="quiet" style={{ marginTop: 0 }}>
          {t("twin.what")}
        </p>
        <Change till={till} settings={s} onDone={() => void settings.refetch()} />
      </Modal>
    </section>
  );
}

function Change(p: { till: Till; settings: Settings | undefined; onDone: () => void }) {
  const company = useQuery(OrganisationService.method.getOrganisation, {});
  return (
    <>
      <AgentSettings tillId={p.till.id} name={p.till.name} onDone={p.onDone} />
      <hr style={{ border: 0, borderTop: "1px solid var(--line)", margin: "16px 0" }} />
      <OperatorChoice
        tillId={p.till.id}
        country={company.data?.organisation?.country ?? ""}
        ofd={p.settings?.wanted?.ofd ?? ""}
        ofdInn={p.settings?.wanted?.ofdInn ?? ""}
        every={EVERY}
        onDone={p.onDone}
      />
    </>
  );
}

function Facts({ till, settings: s }: { till: Till; settings: Settings }) {
  const { t } = useTranslation();
  const list = useQuery(TreeService.method.listOperators, {});
  const wanted = s.wanted;
  const has = s.reported;
  const nameOf = (inn: string) => {
    const name = list.data?.operators.find((o) => o.taxId === inn)?.name;
    return name ? `${name} ${inn}` : inn;
  };
  const registered = [till.state?.ofdName, till.state?.ofdInn].filter(Boolean).join(" ");
  const carries = has?.ofd || till.state?.delivery?.address || "";
  return (
    <dl className="pairs">
      <Pair name={t("twin.chosen")}>
        {wanted?.ofdInn ? (
          nameOf(wanted.ofdInn)
        ) : wanted?.ofd === OWN_LINK ? (
          t("connect.ownLink")
        ) : (
          <span className="quiet">{t("twin.notChosen")}</span>
        )}
      </Pair>
      <Pair name={t("twin.registered")}>{registered || <None />}</Pair>
      <Pair name={t("twin.carries")}>
        {carries === "auto" ? (
          t("twin.auto")
        ) : carries === OWN_LINK ? (
          t("connect.ownLink")
        ) : carries ? (
          <span className="mono">{carries}</span>
        ) : (
          <None />
        )}
      </Pair>
      {has?.finishPrint && (
        <Pair name={t("twin.finishPrint")}>
          {t(has.finishPrint === "ask" ? "twin.printAsk" : "twin.printAuto")}
        </Pair>
      )}
      {has?.rushHours && has.rushHours !== "-" && <Pair name={t("twin.rushHours")}>{has.rushHours}</Pair>}
      {wanted !== undefined && wanted.version > 0n && (
        <>
          <Pair name={t("twin.version")}>
            {t("twin.versions", { wanted: String(wanted.version), has: String(has?.version ?? 0n) })}
          </Pair>
          <Pair name={t("twin.changed")}>
            {s.actor} <When ms={s.changedMs} />
          </Pair>
        </>
      )}
      {s.reportedMs > 0n && (
        <Pair name={t("twin.told")}>
          <Ago ms={s.reportedMs} />
        </Pair>
      )}
    </dl>
  );
}
