import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import {
  type Grant,
  GrantState,
  OrganisationKind,
  OrganisationService,
} from "../gen/cabinet/v1/organisation_pb";
import { Copy } from "../ui/Copy";
import { IconClock, IconCross, IconGreen, IconYellow } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { Pair } from "../ui/Pair";
import { ActsHead, Over, RowAct } from "../ui/RowActs";
import { When } from "../ui/time";
import { AcceptDialog, GiveDialog, ProlongDialog, RevokeDialog } from "./grantDialogs";
import { usePlaceName } from "./words";
import "./people.css";

/** «Обслуживание»: who looks after my tills; for a service centre, whose tills do we look after? */
export default function ServicePage() {
  const { t } = useTranslation();
  const got = useQuery(OrganisationService.method.getOrganisation, {});
  const kind = got.data?.organisation?.kind;
  if (got.isPending) return <Loader aria-label={t("loading")} />;
  if (!got.data) return <Unread error={got.error} onRetry={() => void got.refetch()} />;
  return kind === OrganisationKind.SERVICE ? <Centre /> : <Owner />;
}

type Doing = { what: "accept" | "prolong" | "revoke"; grant: Grant };

function Owner() {
  const { t } = useTranslation();
  const { can } = useSession();
  const list = useQuery(OrganisationService.method.listGrants, {});
  const [giving, setGiving] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  const manages = can("people:manage");
  const give = manages && <Button onClick={() => setGiving(true)}>{t("people.service.give")}</Button>;
  const grants = list.data?.grants ?? [];
  const live = grants.filter((g) => g.state === GrantState.OFFERED || g.state === GrantState.ACTIVE);
  const over = grants.filter((g) => !live.includes(g));
  const acts = (g: Grant) => manages && <Acts grant={g} onDo={(what) => setDoing({ what, grant: g })} />;
  const close = () => setDoing(undefined);
  return (
    <>
      <div className="title">
        <div style={{ flex: "1 1 300px" }}>
          <Title order={1}>{t("titles.service")}</Title>
          <div className="quiet" style={{ maxWidth: 760 }}>
            {t("people.service.what")}
          </div>
        </div>
        {live.length > 0 && give}
      </div>
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : live.length === 0 ? (
        <Nothing title={t("people.service.none")} text={t("people.service.noneTodo")} act={give} />
      ) : (
        <Grants grants={live} label={t("titles.service")} party={t("people.service.centre")} acts={acts} />
      )}
      <Over title={t("people.service.ended")} count={over.length}>
        <Grants
          grants={over}
          label={t("people.service.ended")}
          party={t("people.service.centre")}
          acts={acts}
        />
      </Over>
      {giving && <GiveDialog onClose={() => setGiving(false)} />}
      {doing?.what === "accept" && <AcceptDialog grant={doing.grant} onClose={close} />}
      {doing?.what === "prolong" && <ProlongDialog grant={doing.grant} onClose={close} />}
      {doing?.what === "revoke" && <RevokeDialog grant={doing.grant} onClose={close} />}
    </>
  );
}

function Acts({ grant: g, onDo }: { grant: Grant; onDo: (what: Doing["what"]) => void }) {
  const { t } = useTranslation();
  const act = (what: Doing["what"], word: string, filled = false) => (
    <RowAct word={word} of={g.party} filled={filled} onClick={() => onDo(what)} />
  );
  if (g.state === GrantState.REVOKED) return null;
  return (
    <div className="rowacts">
      {g.state === GrantState.OFFERED
        ? act("accept", t("people.service.accept"), true)
        : act("prolong", t("people.service.prolong"))}
      {g.state === GrantState.OFFERED
        ? act("revoke", t("people.service.refuse"))
        : g.state === GrantState.ACTIVE && act("revoke", t("people.service.revoke"))}
    </div>
  );
}

function Centre() {
  const { t } = useTranslation();
  const list = useQuery(OrganisationService.method.listClients, {});
  const code = list.data?.partnerCode ?? "";
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.service")}</Title>
          <div className="quiet">{t("people.service.whatCentre")}</div>
        </div>
      </div>
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <>
          <section className="panel" style={{ marginBottom: 16, maxWidth: 560 }}>
            <Title order={2}>{t("people.service.myCode")}</Title>
            <div style={{ display: "flex", alignItems: "center", gap: 8 }}>
              <span className="bigcode">{code}</span>
              <Copy text={code} label={t("people.service.myCode")} />
            </div>
            <div className="small quiet">{t("people.service.myCodeWhat")}</div>
          </section>
          {list.data.grants.length === 0 ? (
            <Nothing title={t("people.service.noClients")} text={t("people.service.noClientsTodo")} />
          ) : (
            <Grants
              grants={list.data.grants}
              label={t("titles.service")}
              party={t("people.service.client")}
            />
          )}
        </>
      )}
    </>
  );
}

const STATES = {
  [GrantState.UNSPECIFIED]: [IconCross, "grey"],
  [GrantState.OFFERED]: [IconYellow, "yellow"],
  [GrantState.ACTIVE]: [IconGreen, "green"],
  [GrantState.ENDED]: [IconClock, "grey"],
  [GrantState.REVOKED]: [IconCross, "grey"],
} as const;

function State({ grant }: { grant: Grant }) {
  const { t } = useTranslation();
  const [Icon, colour] = STATES[grant.state];
  if (grant.state === GrantState.UNSPECIFIED) return null;
  return (
    <span className={`state ${colour}`}>
      <Icon /> {t(`people.service.states.s${grant.state}`)}
    </span>
  );
}

function Until({ grant, mine }: { grant: Grant; mine: boolean }) {
  const { t } = useTranslation();
  if (grant.state === GrantState.OFFERED)
    return <span className="quiet">{t(mine ? "people.service.waitsYou" : "people.service.waits")}</span>;
  if (grant.state === GrantState.REVOKED) return <When ms={grant.revokedMs} />;
  return grant.endsMs > 0n ? (
    <When ms={grant.endsMs} />
  ) : (
    <span className="quiet">{t("people.service.noEnd")}</span>
  );
}

type Listed = {
  grants: readonly Grant[];
  label: string;
  party: string;
  acts?: (g: Grant) => ReactNode;
};

function Grants(p: Listed) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const place = usePlaceName();
  const by = (g: Grant) =>
    g.givenBy && <div className="small quiet">{`${t("people.service.given")} ${g.givenBy}`}</div>;
  if (narrow) {
    return (
      <ul className="cards" aria-label={p.label}>
        {p.grants.map((g) => (
          <li key={g.id} className="card">
            <div className="strong">{g.party}</div>
            <div style={{ marginTop: 4 }}>
              <State grant={g} />
            </div>
            <dl className="pairs">
              {g.state !== GrantState.OFFERED && <Pair name={t("people.service.where")}>{place(g)}</Pair>}
              {g.state !== GrantState.OFFERED && (
                <Pair name={t("people.service.until")}>
                  <Until grant={g} mine={p.acts !== undefined} />
                </Pair>
              )}
            </dl>
            {g.state === GrantState.OFFERED && <Until grant={g} mine={p.acts !== undefined} />}
            {by(g)}
            {p.acts?.(g)}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <div className="tablebox">
      <table className="table" aria-label={p.label}>
        <thead>
          <tr>
            <th scope="col">{p.party}</th>
            <th scope="col">{t("people.service.where")}</th>
            <th scope="col">{t("people.service.state")}</th>
            <th scope="col">{t("people.service.until")}</th>
            {p.acts && <ActsHead />}
          </tr>
        </thead>
        <tbody>
          {p.grants.map((g) => (
            <tr key={g.id}>
              <td>
                <div className="strong">{g.party}</div>
                {by(g)}
              </td>
              <td>{g.state === GrantState.OFFERED ? "—" : place(g)}</td>
              <td>
                <State grant={g} />
              </td>
              <td>
                <Until grant={g} mine={p.acts !== undefined} />
              </td>
              {p.acts && <td className="right">{p.acts(g)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
