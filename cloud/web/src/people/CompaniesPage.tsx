import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { type Company, OrganisationKind, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { langOf, money } from "../ui/format";
import { IconGreen, IconGrey, IconRed, IconYellow } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { useNow } from "../ui/time";
import { AddCompany } from "./AddCompany";
import { useSwitch } from "./Switcher";
import "./people.css";

const EVERY = 60_000;

const two = (n: number) => n.toString().padStart(2, "0");

/** The calendar day of a moment where the person is: 2026-03-04. */
export function dayOf(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** «Все компании»: where do I work, and in which of them is something wrong? */
export default function CompaniesPage() {
  const { t } = useTranslation();
  const today = dayOf(useNow(60_000));
  const narrow = useNarrow();
  const [adding, setAdding] = useState(false);
  const list = useQuery(OrganisationService.method.listCompanies, { today }, { refetchInterval: EVERY });
  const companies = list.data?.companies;
  const add = <Button onClick={() => setAdding(true)}>{t("people.company.add")}</Button>;
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("titles.companies")}</Title>
          <div className="quiet">{t("people.companies.what")}</div>
        </div>
        {(companies?.length ?? 0) > 0 && add}
      </div>
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !companies ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : companies.length === 0 ? (
        <Nothing title={t("people.companies.none")} text={t("people.companies.noneTodo")} act={add} />
      ) : narrow ? (
        <Cards companies={companies} />
      ) : (
        <Rows companies={companies} />
      )}
      {adding && <AddCompany onClose={() => setAdding(false)} />}
    </>
  );
}

function Rows({ companies }: { companies: readonly Company[] }) {
  const { t } = useTranslation();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("titles.companies")}>
        <thead>
          <tr>
            <th scope="col">{t("people.companies.company")}</th>
            <th scope="col">{t("people.companies.tills")}</th>
            <th scope="col" className="right">
              {t("people.companies.undecided")}
            </th>
            <th scope="col" className="right">
              {t("people.companies.today")}
            </th>
            <th scope="col" className="right">
              {t("people.companies.yesterday")}
            </th>
            <th scope="col" className="right">
              {t("people.companies.month")}
            </th>
          </tr>
        </thead>
        <tbody>
          {companies.map((c) => (
            <tr key={c.id}>
              <td>
                <Name company={c} />
              </td>
              <td>
                <Counts company={c} />
              </td>
              <td className="right num">
                <Undecided company={c} />
              </td>
              {(["today", "yesterday", "month"] as const).map((span) => (
                <td key={span} className="right num nowrap">
                  <Sum company={c} span={span} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ companies }: { companies: readonly Company[] }) {
  const { t } = useTranslation();
  return (
    <ul className="cards" aria-label={t("titles.companies")}>
      {companies.map((c) => (
        <li key={c.id} className="card">
          <Name company={c} />
          <div style={{ marginTop: 6 }}>
            <Counts company={c} />
          </div>
          <dl className="pairs">
            {c.undecided > 0 && (
              <>
                <dt>{t("people.companies.undecided")}</dt>
                <dd>
                  <Undecided company={c} />
                </dd>
              </>
            )}
            {(["today", "yesterday", "month"] as const).map(
              (span) =>
                c.revenue && (
                  <div key={span} style={{ display: "contents" }}>
                    <dt>{t(`people.companies.${span}`)}</dt>
                    <dd className="num">
                      <Sum company={c} span={span} />
                    </dd>
                  </div>
                ),
            )}
          </dl>
        </li>
      ))}
    </ul>
  );
}

function Name({ company }: { company: Company }) {
  const { t } = useTranslation();
  const { person } = useSession();
  const go = useSwitch();
  const navigate = useNavigate();
  const here = company.id === person.organisationId;
  return (
    <>
      <button
        type="button"
        className="namelink"
        aria-label={t("people.companies.go", { name: company.name })}
        onClick={() => (here ? navigate("/") : void go(company.id))}
      >
        {company.name}
      </button>
      <div className="small quiet">
        {company.kind === OrganisationKind.SERVICE
          ? t("people.company.kinds.service")
          : t("people.company.kinds.owner")}
        {here && ` · ${t("people.companies.here")}`}
      </div>
    </>
  );
}

function Counts({ company: c }: { company: Company }) {
  const { t } = useTranslation();
  if (c.unread) return <span className="quiet">{t("people.companies.unread")}</span>;
  if (c.green + c.yellow + c.red + c.grey === 0)
    return <span className="quiet">{t("people.companies.noTills")}</span>;
  const colours = [
    ["red", c.red, IconRed],
    ["yellow", c.yellow, IconYellow],
    ["grey", c.grey, IconGrey],
    ["green", c.green, IconGreen],
  ] as const;
  return (
    <span className="countsline">
      {colours.map(
        ([colour, n, Icon]) =>
          n > 0 && (
            <span key={colour} className={`${colour} num`} title={t(`lights.${colour}`)}>
              <Icon />
              <span className="hidden">{t(`lights.${colour}`)}: </span>
              {n}
            </span>
          ),
      )}
    </span>
  );
}

function Undecided({ company }: { company: Company }) {
  if (company.unread) return <span className="quiet">—</span>;
  return company.undecided > 0 ? (
    <span className="strong">{company.undecided}</span>
  ) : (
    <span className="quiet">0</span>
  );
}

/** A sum in the company's own money; who may not see money there sees that there is none to see. */
function Sum({ company, span }: { company: Company; span: "today" | "yesterday" | "month" }) {
  const { t, i18n } = useTranslation();
  if (!company.revenue) {
    return (
      <span className="quiet" title={t("people.companies.noMoney")}>
        —
      </span>
    );
  }
  return <>{money(company.revenue[span], langOf(i18n.language), company.revenue.currency)}</>;
}
