import { useMutation } from "@connectrpc/connect-query";
import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../app/Frame";
import { type Invitation, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { contact, langOf } from "../ui/format";
import { IconYellow } from "../ui/icons";
import { ActsHead, RowAct } from "../ui/RowActs";
import { Ago, useNow, When } from "../ui/time";
import { Refused, useDone, useRead } from "./dialogs";
import { RightsList } from "./PeoplePart";

/** Who was asked and has not come yet. */
export function Invitations({ invitations }: { invitations: readonly Invitation[] }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  return (
    <section style={{ marginTop: 24 }} aria-label={t("people.staff.invitations")}>
      <Title order={2} mb={8}>
        {t("people.staff.invitations")}
      </Title>
      {narrow ? (
        <ul className="cards">
          {invitations.map((i) => (
            <li key={i.id} className="card">
              <Whom invitation={i} />
              <div style={{ marginTop: 6 }}>
                <RightsList assignments={i.assignments} />
              </div>
              <dl className="pairs">
                <dt>{t("people.staff.sent")}</dt>
                <dd>
                  <Sent invitation={i} />
                </dd>
                <dt>{t("people.staff.until")}</dt>
                <dd>
                  <Until invitation={i} />
                </dd>
              </dl>
              <Acts invitation={i} />
            </li>
          ))}
        </ul>
      ) : (
        <div className="tablebox">
          <table className="table" aria-label={t("people.staff.invitations")}>
            <thead>
              <tr>
                <th scope="col">{t("people.staff.recipient")}</th>
                <th scope="col">{t("people.staff.rights")}</th>
                <th scope="col">{t("people.staff.sent")}</th>
                <th scope="col">{t("people.staff.until")}</th>
                <ActsHead />
              </tr>
            </thead>
            <tbody>
              {invitations.map((i) => (
                <tr key={i.id}>
                  <td>
                    <Whom invitation={i} />
                  </td>
                  <td>
                    <RightsList assignments={i.assignments} />
                  </td>
                  <td>
                    <Sent invitation={i} />
                  </td>
                  <td>
                    <Until invitation={i} />
                  </td>
                  <td className="right">
                    <Acts invitation={i} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Whom({ invitation: i }: { invitation: Invitation }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="strong" style={{ overflowWrap: "anywhere" }}>
        {contact(i.recipient)}
      </div>
      <div className="small quiet">
        {i.name && `${i.name} · `}
        {t("people.staff.by")} {i.createdBy}
      </div>
    </>
  );
}

function Sent({ invitation: i }: { invitation: Invitation }) {
  const { t } = useTranslation();
  return i.sentMs > 0n ? (
    <Ago ms={i.sentMs} />
  ) : (
    <span className="state yellow">
      <IconYellow /> {t("people.staff.notSent")}
    </span>
  );
}

function Until({ invitation: i }: { invitation: Invitation }) {
  const { t } = useTranslation();
  const now = useNow(60_000).getTime();
  return (
    <>
      <When ms={i.expiresMs} />{" "}
      {Number(i.expiresMs) <= now && <div className="small quiet">{t("people.staff.over")}</div>}
    </>
  );
}

function Acts({ invitation: i }: { invitation: Invitation }) {
  const { t, i18n } = useTranslation();
  const done = useDone();
  const read = useRead();
  const again = useMutation(OrganisationService.method.resendInvitation, {
    onSuccess: (r) => {
      const to = r.invitation?.recipient ?? "";
      done(t((r.invitation?.sentMs ?? 0n) > 0n ? "people.invite.sent" : "people.invite.notSent", { to }));
      read();
    },
  });
  const back = useMutation(OrganisationService.method.revokeInvitation, {
    onSuccess: () => {
      done(t("people.invite.takenBack"));
      read();
    },
  });
  return (
    <>
      <div className="rowacts">
        <RowAct
          word={t("people.staff.again")}
          of={i.recipient}
          loading={again.isPending}
          onClick={() => again.mutate({ id: i.id, lang: langOf(i18n.language) })}
        />
        <RowAct
          word={t("people.staff.uninvite")}
          of={i.recipient}
          loading={back.isPending}
          onClick={() => back.mutate({ id: i.id })}
        />
      </div>
      <Refused error={again.error ?? back.error} />
    </>
  );
}
