import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { newId } from "../fleet/actions";
import { type Settings, SettingsState } from "../gen/cabinet/v1/settings_pb";
import { TreeService } from "../gen/cabinet/v1/tree_pb";
import { useSaid } from "../ui/Spoken";
import { useTreeTrouble } from "./reasons";

/** The agent leaves documents to the till. */
export const OWN_LINK = "off";

/** What should be and what is of a till's operator; read again often while something is on its way. */
export function useSettings(tillId: string, every: number) {
  return useQuery(
    TreeService.method.getSettings,
    { tillId },
    {
      enabled: tillId !== "",
      refetchInterval: (q) =>
        q.state.data?.settings?.state === SettingsState.WAITS ? Math.min(every, 2000) : every,
    },
  );
}

/** Chooses the operator of a till from the directory, sends it to the agent, and says how the agent stands to it. */
export function OperatorChoice(p: {
  tillId: string;
  /** ru or kz; empty is ru. */
  country: string;
  /** As it is chosen now. */
  ofd: string;
  ofdInn: string;
  /** How often to read how the agent stands to it, ms. */
  every: number;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const trouble = useTreeTrouble();
  const list = useQuery(TreeService.method.listOperators, {});
  const settings = useSettings(p.tillId, p.every);
  const change = useMutation(TreeService.method.changeSettings, {
    onSuccess: () => {
      void settings.refetch();
      p.onDone();
    },
  });
  const operators = (list.data?.operators ?? []).filter((o) => o.country === (p.country || "ru"));
  const chosen =
    operators.find((o) => o.taxId && o.taxId === p.ofdInn)?.taxId ?? (p.ofd === OWN_LINK ? OWN_LINK : "");
  const choose = (value: string) => {
    const operator = operators.find((o) => o.taxId === value);
    send(operator?.address || OWN_LINK, operator?.taxId ?? "");
  };
  const held = settings.data?.settings;
  const send = (ofd: string, ofdInn: string) =>
    change.mutate({
      tillId: p.tillId,
      commandId: newId(),
      settings: { version: held?.wanted?.version ?? 0n, ofd, ofdInn },
    });
  return (
    <>
      <NativeSelect
        label={t("connect.operator")}
        value={chosen}
        disabled={change.isPending || !settings.data}
        onChange={(e) => choose(e.currentTarget.value)}
        maw={420}
        data={[
          { value: "", label: t("tree.choose"), disabled: true },
          ...operators.filter((o) => o.taxId).map((o) => ({ value: o.taxId, label: o.name })),
          { value: OWN_LINK, label: t("connect.ownLink") },
        ]}
      />
      {change.error && <p role="alert">{trouble(change.error)}</p>}
      {held && (
        <SettingsStand
          settings={held}
          sending={change.isPending}
          onAgain={() => send(held.wanted?.ofd ?? "", held.wanted?.ofdInn ?? "")}
        />
      )}
    </>
  );
}

/** How the agent stands to what was chosen. */
export function SettingsStand(p: { settings: Settings; sending: boolean; onAgain?: () => void }) {
  const { t } = useTranslation();
  const said = useSaid();
  const s = p.settings;
  const words = {
    [SettingsState.UNSPECIFIED]: "",
    [SettingsState.SAME]: "",
    [SettingsState.WAITS]: t("connect.settingsWait"),
    [SettingsState.REFUSED]: t("connect.settingsRefused", { why: said(s.refused) }),
    [SettingsState.DIFFERS]: "",
    [SettingsState.TOO_OLD]: t("connect.settingsOld"),
  }[s.state];
  const waits = s.state === SettingsState.WAITS;
  const never = s.wanted?.version !== s.reported?.version;
  return (
    <>
      {s.drifts
        .filter((d) => !waits || d.what === "operator")
        .map((d) => (
          <p key={d.what} role="alert" className="yellow" style={{ margin: "8px 0" }}>
            {d.what === "operator"
              ? t("connect.drift", { found: d.found, wanted: d.wanted })
              : t("connect.settingsDrift", { found: d.found, wanted: d.wanted })}
          </p>
        ))}
      {words && (
        <p
          role={waits ? "status" : "alert"}
          className={waits ? "quiet" : "yellow"}
          style={{ margin: "8px 0" }}
        >
          {words}
        </p>
      )}
      {p.onAgain &&
        s.mayChange &&
        s.wanted?.version !== 0n &&
        never &&
        !waits &&
        s.state !== SettingsState.UNSPECIFIED && (
          <Button size="compact-sm" variant="default" loading={p.sending} onClick={p.onAgain}>
            {t("connect.settingsAgain")}
          </Button>
        )}
    </>
  );
}
