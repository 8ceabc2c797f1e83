/** «Кто поможет»: the service centre of a till, and who keeps the cabinet. Where nobody is known nothing is said. */
import { useQuery } from "@connectrpc/connect-query";
import { Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useEntrance } from "../access/entrance";
import { GRANTS_FOR, useServing } from "../fleet/served";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import {
  type Contacts,
  type Grant,
  GrantState,
  OrganisationService,
} from "../gen/cabinet/v1/organisation_pb";
import { usePlaceName } from "../people/words";
import { contact } from "../ui/format";
import "./help.css";

/** Ways to somebody: a phone that is called, an address that is written to, and when they answer. */
function Ways({ of }: { of: Contacts }) {
  const { t } = useTranslation();
  return (
    <dl className="pairs">
      {of.phone && (
        <>
          <dt>{t("aid.phone")}</dt>
          <dd>
            <a href={`tel:${of.phone}`}>{contact(of.phone)}</a>
          </dd>
        </>
      )}
      {of.email && (
        <>
          <dt>{t("aid.email")}</dt>
          <dd>
            <a href={`mailto:${of.email}`}>{of.email}</a>
          </dd>
        </>
      )}
      {of.hours && (
        <>
          <dt>{t("aid.hours")}</dt>
          <dd>{of.hours}</dd>
        </>
      )}
    </dl>
  );
}

function Helper({ name, what, of }: { name: string; what?: ReactNode; of?: Contacts }) {
  const { t } = useTranslation();
  return (
    <div className="helper">
      <div className="strong">{name}</div>
      {what && <div className="small quiet">{what}</div>}
      {of ? <Ways of={of} /> : <div className="quiet">{t("aid.unknown")}</div>}
    </div>
  );
}

/** A centre with several grants is one centre. */
function byParty(grants: readonly Grant[]): [string, Grant[]][] {
  const parties = new Map<string, Grant[]>();
  for (const g of grants) parties.set(g.party, [...(parties.get(g.party) ?? []), g]);
  return [...parties];
}

/** Everybody who looks after tills of the company. */
export function Centres() {
  const { t } = useTranslation();
  const place = usePlaceName();
  const list = useQuery(OrganisationService.method.listGrants, {}, { staleTime: GRANTS_FOR, retry: false });
  const grants = (list.data?.grants ?? []).filter((g) => g.state === GrantState.ACTIVE);
  if (grants.length === 0) return null;
  return (
    <>
      <h3>{t("aid.who")}</h3>
      {byParty(grants).map(([party, own]) => (
        <Helper
          key={party}
          name={party}
          what={t("aid.centre", {
            where: own.map((g) => (g.nodeId === "" ? t("aid.whole") : place(g))).join(", "),
          })}
          of={own[0]?.contacts}
        />
      ))}
    </>
  );
}

/** Who keeps the cabinet, as its settings say. */
export function CabinetHelpers() {
  const { t } = useTranslation();
  const support = useEntrance().data?.support;
  if (!support) return null;
  return (
    <>
      <h3>{t("aid.cabinet")}</h3>
      <div className="helper">
        {support.name && <div className="strong">{support.name}</div>}
        <Ways of={support} />
      </div>
    </>
  );
}

/** Who looks after a till, on its own page. */
export function TillHelpers({ till }: { till: Till }) {
  const { t } = useTranslation();
  const grants = useServing(till);
  if (grants.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="till-helpers">
      <Title order={2} id="till-helpers">
        {t("aid.who")}
      </Title>
      {byParty(grants).map(([party, own]) => (
        <Helper key={party} name={party} of={own[0]?.contacts} />
      ))}
      <p style={{ margin: "8px 0 0" }}>
        <Link to={`/tills/${encodeURIComponent(till.id)}/notes`}>{t("aid.write")}</Link>
      </p>
    </section>
  );
}
