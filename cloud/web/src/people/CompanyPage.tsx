import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Loader, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useActName } from "../audit/acts";
import { AuditService } from "../gen/cabinet/v1/audit_pb";
import { type Organisation, OrganisationKind, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { Copy } from "../ui/Copy";
import { contact } from "../ui/format";
import { Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { AddCompany, TaxFields } from "./AddCompany";
import { FormDialog, useDone, useRead } from "./dialogs";
import "./people.css";

/** «Компания»: who are we to the tax office, to buyers, to a service centre? */
export default function CompanyPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const got = useQuery(OrganisationService.method.getOrganisation, {});
  const [changing, setChanging] = useState(false);
  const [adding, setAdding] = useState(false);
  const o = got.data?.organisation;
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.company")}</Title>
          <div className="quiet">{t("people.company.what")}</div>
        </div>
        <div style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
          <Button variant="default" onClick={() => setAdding(true)}>
            {t("people.company.add")}
          </Button>
          {got.data?.mayChange && (
            <Button onClick={() => setChanging(true)}>{t("people.company.change")}</Button>
          )}
        </div>
      </div>
      {got.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !o ? (
        <Unread error={got.error} onRetry={() => void got.refetch()} />
      ) : (
        <div className="facts">
          <Facts organisation={o} mayChange={got.data?.mayChange ?? false} />
          {can("audit:view") && <History id={o.id} />}
        </div>
      )}
      {changing && o && <ChangeCompany organisation={o} onClose={() => setChanging(false)} />}
      {adding && <AddCompany onClose={() => setAdding(false)} />}
    </>
  );
}

function Facts({ organisation: o, mayChange }: { organisation: Organisation; mayChange: boolean }) {
  const { t } = useTranslation();
  const none = <span className="quiet">—</span>;
  const country = o.country === "ru" || o.country === "kz" ? o.country : "none";
  return (
    <section className="panel" aria-label={t("titles.company")} style={{ maxWidth: 720 }}>
      <Title order={2}>{o.name}</Title>
      <dl className="pairs">
        <dt>{t("people.company.kind")}</dt>
        <dd>
          {o.kind === OrganisationKind.SERVICE
            ? t("people.company.kinds.service")
            : t("people.company.kinds.owner")}
        </dd>
        <dt>{t("people.company.country")}</dt>
        <dd>{t(`people.company.countries.${country}`)}</dd>
        <dt>
          {t(
            country === "none"
              ? "people.company.taxId"
              : country === "kz"
                ? "people.company.taxKz"
                : "people.company.taxRu",
          )}
        </dt>
        <dd className="num">
          {o.taxId || none} {o.taxId && <Copy text={o.taxId} label={t("people.company.taxId")} />}
        </dd>
        <dt>{t("people.company.email")}</dt>
        <dd>{o.email ? <a href={`mailto:${o.email}`}>{o.email}</a> : none}</dd>
        <dt>{t("people.company.phone")}</dt>
        <dd>{o.phone ? <a href={`tel:${o.phone}`}>{contact(o.phone)}</a> : none}</dd>
        <dt>{t("people.company.hours")}</dt>
        <dd>{o.hours || none}</dd>
        <dt>{t("people.company.address")}</dt>
        <dd>{o.address || none}</dd>
        {o.partnerCode && (
          <>
            <dt>{t("people.company.code")}</dt>
            <dd>
              <span className="mono">{o.partnerCode}</span>{" "}
              <Copy text={o.partnerCode} label={t("people.company.code")} />
            </dd>
          </>
        )}
        <dt>{t("people.company.since")}</dt>
        <dd>
          <When ms={o.createdMs} />
        </dd>
      </dl>
      {o.kind === OrganisationKind.SERVICE && <p className="small quiet">{t("people.company.seen")}</p>}
      {!mayChange && <p className="small quiet">{t("people.company.noRight")}</p>}
    </section>
  );
}

/** Who changed the company's facts, and what they were before. */
function History({ id }: { id: string }) {
  const { t } = useTranslation();
  const act = useActName();
  const list = useQuery(AuditService.method.listAudit, { filter: { object: id }, limit: 10, before: 0n });
  const lines = list.data?.lines ?? [];
  return (
    <section className="panel" aria-label={t("people.company.history")}>
      <Title order={2}>{t("people.company.history")}</Title>
      {list.isPending ? (
        <Loader aria-label={t("loading")} size="sm" />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : lines.length === 0 ? (
        <p className="quiet">{t("people.company.noHistory")}</p>
      ) : (
        <ul className="aspects">
          {lines.map((l) => (
            <li key={String(l.number)} style={{ display: "block" }}>
              <div>
                <span className="strong">{act(l.act)}</span>{" "}
                <span className="quiet">
                  <When ms={l.atMs} /> · {l.actor}
                </span>
              </div>
              {l.old && <div className="small quiet">{l.old}</div>}
              {l.new && <div className="small">{l.new}</div>}
            </li>
          ))}
        </ul>
      )}
      {list.data?.next ? (
        <p style={{ marginBottom: 0 }}>
          <Link to={`/journal?object=${encodeURIComponent(id)}`}>{t("titles.journal")}</Link>
        </p>
      ) : null}
    </section>
  );
}

function ChangeCompany({ organisation, onClose }: { organisation: Organisation; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const [o, setO] = useState({
    name: organisation.name,
    country: organisation.country,
    taxId: organisation.taxId,
    email: organisation.email,
    phone: organisation.phone,
    address: organisation.address,
    hours: organisation.hours,
  });
  const put = (some: Partial<typeof o>) => setO({ ...o, ...some });
  const change = useMutation(OrganisationService.method.updateOrganisation, {
    onSuccess: () => {
      done(t("people.company.saved"));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("titles.company")}
      act={t("people.company.save")}
      busy={change.isPending}
      error={change.error}
      disabled={o.name.trim() === ""}
      onAct={() => change.mutate({ organisation: o })}
      onClose={onClose}
    >
      <TextInput
        label={t("people.company.name")}
        value={o.name}
        onChange={(e) => put({ name: e.currentTarget.value })}
        maxLength={200}
        required
        withAsterisk={false}
        data-autofocus
      />
      <TaxFields
        country={o.country}
        onCountry={(country) => put({ country })}
        taxId={o.taxId}
        onTaxId={(taxId) => put({ taxId })}
        none
      />
      <div style={{ display: "flex", flexWrap: "wrap", gap: 12, marginTop: 8 }}>
        <TextInput
          label={t("people.company.email")}
          inputMode="email"
          value={o.email}
          onChange={(e) => put({ email: e.currentTarget.value })}
          maxLength={254}
          flex="1 1 200px"
        />
        <TextInput
          label={t("people.company.phone")}
          type="tel"
          value={o.phone}
          onChange={(e) => put({ phone: e.currentTarget.value })}
          maxLength={40}
          flex="1 1 200px"
        />
      </div>
      <TextInput
        mt="sm"
        label={t("people.company.hours")}
        description={t("people.company.hoursWhat")}
        placeholder={t("people.company.hoursExample")}
        value={o.hours}
        onChange={(e) => put({ hours: e.currentTarget.value })}
        maxLength={200}
      />
      <TextInput
        mt="sm"
        label={t("people.company.address")}
        value={o.address}
        onChange={(e) => put({ address: e.currentTarget.value })}
        maxLength={500}
      />
    </FormDialog>
  );
}
