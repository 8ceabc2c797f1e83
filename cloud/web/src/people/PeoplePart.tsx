import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useNarrow } from "../app/Frame";
import { type Assignment, type Member, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { contact } from "../ui/format";
import { IconCross, IconGreen, IconSearch } from "../ui/icons";
import { Nothing, NothingByFilter, Unread } from "../ui/Nothing";
import { Ago } from "../ui/time";
import { Invitations } from "./Invitations";
import { InviteDialog } from "./InviteDialog";
import { PersonDrawer } from "./PersonDrawer";
import { useAssignmentName } from "./words";

/** Finds people as one types: by parts of name and login. */
export function found(people: readonly Member[], q: string): Member[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return people.filter((m) => words.every((w) => `${m.name} ${m.login}`.toLowerCase().includes(w)));
}

/** People and open invitations; who is chosen and what is looked for stand in the address. */
export function PeoplePart() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const [params, setParams] = useSearchParams();
  const [inviting, setInviting] = useState(false);
  const list = useQuery(OrganisationService.method.listPeople, {});
  const q = params.get("q") ?? "";
  const put = (field: string, value: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(field, value);
        else next.delete(field);
        return next;
      },
      { replace: true },
    );
  if (list.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data) return <Unread error={list.error} onRetry={() => void list.refetch()} />;
  const { people, invitations } = list.data;
  const shown = found(people, q);
  const chosen = people.find((m) => m.id === params.get("person"));
  const invite = <Button onClick={() => setInviting(true)}>{t("people.staff.invite")}</Button>;
  const open = (m: Member) => put("person", m.id);
  return (
    <>
      <div className="title">
        <TextInput
          type="search"
          value={q}
          onChange={(e) => put("q", e.currentTarget.value)}
          leftSection={<IconSearch size={14} />}
          placeholder={t("people.staff.search")}
          aria-label={t("people.staff.search")}
          flex="1 1 200px"
          maw={360}
        />
        {invite}
      </div>
      {shown.length === 0 ? (
        <NothingByFilter onClear={() => put("q", "")} />
      ) : narrow ? (
        <Cards people={shown} onOpen={open} />
      ) : (
        <Rows people={shown} onOpen={open} />
      )}
      {people.length === 1 && invitations.length === 0 && (
        <div style={{ marginTop: 16 }}>
          <Nothing title={t("people.staff.alone")} text={t("people.staff.aloneTodo")} act={invite} />
        </div>
      )}
      {invitations.length > 0 && <Invitations invitations={invitations} />}
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {chosen && <PersonDrawer key={chosen.id} person={chosen} onClose={() => put("person", "")} />}
    </>
  );
}

type Listed = { people: readonly Member[]; onOpen: (m: Member) => void };

function Rows({ people, onOpen }: Listed) {
  const { t } = useTranslation();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("titles.staff")}>
        <thead>
          <tr>
            <th scope="col" style={{ minWidth: 180 }}>
              {t("people.staff.name")}
            </th>
            <th scope="col">{t("people.staff.rights")}</th>
            <th scope="col">{t("people.staff.state")}</th>
            <th scope="col">{t("people.staff.seen")}</th>
          </tr>
        </thead>
        <tbody>
          {people.map((m) => (
            <tr key={m.id} className="link" onClick={() => onOpen(m)}>
              <td>
                <Name person={m} onOpen={onOpen} />
              </td>
              <td>
                <RightsList assignments={m.assignments} elsewhere={m.elsewhere} />
              </td>
              <td>
                <Standing person={m} />
              </td>
              <td className="nowrap">
                <Seen person={m} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ people, onOpen }: Listed) {
  const { t } = useTranslation();
  return (
    <ul className="cards" aria-label={t("titles.staff")}>
      {people.map((m) => (
        <li key={m.id} className="card">
          <Name person={m} onOpen={onOpen} />
          <div style={{ marginTop: 6 }}>
            <RightsList assignments={m.assignments} elsewhere={m.elsewhere} />
          </div>
          <dl className="pairs">
            {m.blockedMs > 0n && (
              <>
                <dt>{t("people.staff.state")}</dt>
                <dd>
                  <Standing person={m} />
                </dd>
              </>
            )}
            <dt>{t("people.staff.seen")}</dt>
            <dd>
              <Seen person={m} />
            </dd>
          </dl>
        </li>
      ))}
    </ul>
  );
}

function Name({ person: m, onOpen }: { person: Member; onOpen: (m: Member) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <button
        type="button"
        className="namelink"
        onClick={(e) => {
          e.stopPropagation();
          onOpen(m);
        }}
      >
        {m.name || contact(m.login)}
      </button>
      {m.me && <span className="quiet"> · {t("people.staff.me")}</span>}
      {m.name && <div className="small quiet">{contact(m.login)}</div>}
    </>
  );
}

/** What somebody may and where, a line for each. */
export function RightsList(p: { assignments: readonly Assignment[]; elsewhere?: boolean }) {
  const { t } = useTranslation();
  const name = useAssignmentName();
  return (
    <ul className="rightslist">
      {p.assignments.map((a) => (
        <li key={`${a.role} ${a.nodeId}`}>{name(a)}</li>
      ))}
      {p.elsewhere && <li className="small quiet">{t("people.staff.elsewhere")}</li>}
    </ul>
  );
}

export function Standing({ person }: { person: Member }) {
  const { t } = useTranslation();
  return person.blockedMs > 0n ? (
    <span className="state grey">
      <IconCross /> {t("people.staff.blocked")}
    </span>
  ) : (
    <span className="state green">
      <IconGreen /> {t("people.staff.works")}
    </span>
  );
}

export function Seen({ person }: { person: Member }) {
  const { t } = useTranslation();
  return person.seenMs > 0n ? (
    <Ago ms={person.seenMs} />
  ) : (
    <span className="quiet">{t("people.staff.never")}</span>
  );
}
