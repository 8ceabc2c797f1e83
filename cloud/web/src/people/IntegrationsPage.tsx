import { Tabs, Title } from "@mantine/core";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type Permission, useSession } from "../access/session";
import { Webhooks } from "../notify/Webhooks";
import { Forbidden } from "../ui/Nothing";
import type { Say } from "../words";
import { KeysPart } from "./KeysPart";
import "./people.css";

/** The tabs of the page, a line each: its name in the address, its label, what it needs, what it shows. */
const TABS: readonly {
  name: string;
  label: Parameters<Say>[0];
  needs: Permission;
  Part: ComponentType;
}[] = [
  { name: "keys", label: "people.integrations.keys", needs: "api:manage", Part: KeysPart },
  { name: "webhooks", label: "notify.hooks.tab", needs: "notify:manage", Part: Webhooks },
];

/** «Интеграции»: how do other programs of ours read the cabinet, and hear of news? */
export default function IntegrationsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const [params, setParams] = useSearchParams();
  const tabs = TABS.filter((x) => can(x.needs));
  const tab = tabs.find((x) => x.name === params.get("tab")) ?? tabs[0];
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.integrations")}</Title>
          <div className="quiet">{t("people.integrations.what")}</div>
        </div>
      </div>
      {!tab ? (
        <Forbidden needs="api:manage" />
      ) : (
        <>
          <Tabs
            className="tabsline"
            value={tab.name}
            onChange={(next) => setParams(next ? { tab: next } : {}, { replace: true })}
          >
            <Tabs.List>
              {tabs.map((x) => (
                <Tabs.Tab key={x.name} value={x.name}>
                  {t(x.label)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          </Tabs>
          <tab.Part />
        </>
      )}
    </>
  );
}
