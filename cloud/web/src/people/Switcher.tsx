import { useQuery, useTransport } from "@connectrpc/connect-query";
import { Menu } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { resetSession, useSession } from "../access/session";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { IconDown, IconTick } from "../ui/icons";
import { chooseOrganisation } from "./organisation";
import "./people.css";

/** Goes to work in another company: nothing of the one before stays on the screen or in the cache. */
export function useSwitch(): (id: string) => Promise<void> {
  const queries = useQueryClient();
  const transport = useTransport();
  const navigate = useNavigate();
  return async (id) => {
    chooseOrganisation(id);
    navigate("/");
    await resetSession(queries, transport);
  };
}

/** The company one works in; for who works in several, the way to the others. */
export function Switcher() {
  const { t } = useTranslation();
  const { person } = useSession();
  const navigate = useNavigate();
  const go = useSwitch();
  const list = useQuery(
    OrganisationService.method.listCompanies,
    { namesOnly: true },
    { staleTime: 300_000 },
  );
  const companies = list.data?.companies ?? [];
  if (companies.length < 2) {
    return (
      <span className="organisation" title={person.organisation}>
        {person.organisation}
      </span>
    );
  }
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button
          type="button"
          className="switcher"
          title={person.organisation}
          aria-label={t("titles.switch", { name: person.organisation })}
        >
          <span>{person.organisation}</span>
          <IconDown />
        </button>
      </Menu.Target>
      <Menu.Dropdown style={{ maxHeight: "70vh", overflowY: "auto", maxWidth: "90vw" }}>
        {companies.map((c) => {
          const here = c.id === person.organisationId;
          return (
            <Menu.Item
              key={c.id}
              aria-current={here ? "true" : undefined}
              leftSection={here ? <IconTick /> : <span style={{ display: "block", width: 16 }} />}
              onClick={() => !here && void go(c.id)}
            >
              {c.name}
            </Menu.Item>
          );
        })}
        <Menu.Divider />
        <Menu.Item
          leftSection={<span style={{ display: "block", width: 16 }} />}
          onClick={() => navigate("/companies")}
        >
          {t("titles.companies")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
