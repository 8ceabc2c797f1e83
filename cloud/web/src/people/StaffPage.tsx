import { Tabs, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { Forbidden } from "../ui/Nothing";
import { PeoplePart } from "./PeoplePart";
import { RolesPart } from "./RolesPart";
import "./people.css";

const TABS = { people: PeoplePart, roles: RolesPart } as const;

/** «Сотрудники»: who works here, what may they do and where? */
export default function StaffPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const [params, setParams] = useSearchParams();
  const tab = params.get("tab") === "roles" ? "roles" : "people";
  const Part = TABS[tab];
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.staff")}</Title>
          <div className="quiet">{t("people.staff.what")}</div>
        </div>
      </div>
      {!can("people:manage") ? (
        <Forbidden needs="people:manage" />
      ) : (
        <>
          <Tabs
            className="tabsline"
            value={tab}
            onChange={(next) => setParams(next === "people" ? {} : { tab: next ?? "" }, { replace: true })}
          >
            <Tabs.List>
              <Tabs.Tab value="people">{t("people.staff.tabs.people")}</Tabs.Tab>
              <Tabs.Tab value="roles">{t("people.staff.tabs.roles")}</Tabs.Tab>
            </Tabs.List>
          </Tabs>
          <Part />
        </>
      )}
    </>
  );
}
