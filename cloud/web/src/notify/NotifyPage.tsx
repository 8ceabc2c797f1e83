import { Tabs, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Channels } from "./Channels";
import { Feed } from "./Feed";
import { Rules } from "./Rules";
import { SettingsForm } from "./SettingsForm";
import "./notify.css";

/** «Уведомления»: what did the cabinet tell, and whom does it tell of what? */
export default function NotifyPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const tab = params.get("tab") === "rules" ? "rules" : "feed";
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.notify")}</Title>
          <div className="quiet">{t("notify.what")}</div>
        </div>
      </div>
      <Tabs
        value={tab}
        mb="md"
        onChange={(next) => setParams(next === "rules" ? { tab: next } : {}, { replace: true })}
      >
        <Tabs.List>
          <Tabs.Tab value="feed">{t("notify.tabs.feed")}</Tabs.Tab>
          <Tabs.Tab value="rules">{t("notify.tabs.rules")}</Tabs.Tab>
        </Tabs.List>
      </Tabs>
      {tab === "feed" ? (
        <Feed />
      ) : (
        <div className="notifyparts">
          <Rules />
          <Channels />
          <SettingsForm />
        </div>
      )}
    </>
  );
}
