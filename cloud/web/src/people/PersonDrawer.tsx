import { useMutation } from "@connectrpc/connect-query";
import { Button, Drawer, Loader, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { type Member, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { contact } from "../ui/format";
import { When } from "../ui/time";
import { FormDialog, Refused, useDone, useRead } from "./dialogs";
import { Seen, Standing } from "./PeoplePart";
import { AssignmentsEditor, type Chosen, useNodes, useRoles } from "./pick";

/** One person: what they may, when they were here, and the way out. */
export function PersonDrawer({ person, onClose }: { person: Member; onClose: () => void }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const name = person.name || person.login;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={560}
      title={<span className="strong">{name}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <dl className="pairs" style={{ marginTop: 0 }}>
        <dt>{t("people.staff.login")}</dt>
        <dd>{contact(person.login)}</dd>
        <dt>{t("people.staff.state")}</dt>
        <dd>
          <Standing person={person} />
        </dd>
        <dt>{t("people.staff.seen")}</dt>
        <dd>
          <Seen person={person} />
        </dd>
        {person.sinceMs > 0n && (
          <>
            <dt>{t("people.person.since")}</dt>
            <dd>
              <When ms={person.sinceMs} />
            </dd>
          </>
        )}
      </dl>
      {can("audit:view") && (
        <p style={{ margin: "8px 0 0" }}>
          <Link className="linkish" to={`/journal?actor=${encodeURIComponent(person.login)}`}>
            {t("people.person.journal")}
          </Link>
        </p>
      )}
      <Rights person={person} />
      <Door person={person} onGone={onClose} />
    </Drawer>
  );
}

function Rights({ person }: { person: Member }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const roles = useRoles();
  const nodes = useNodes();
  const had = person.assignments.map<Chosen>((a) => ({ role: a.role, nodeId: a.nodeId }));
  const [chosen, setChosen] = useState<Chosen[]>(had);
  const set = useMutation(OrganisationService.method.setRights, {
    onSuccess: () => {
      done(t("people.person.saved"));
      read();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    set.mutate({ personId: person.id, assignments: chosen });
  };
  const changed = JSON.stringify(chosen) !== JSON.stringify(had);
  return (
    <form onSubmit={submit} style={{ marginTop: 20 }}>
      <Title order={2} mb={4}>
        {t("people.person.rights")}
      </Title>
      {roles.data && nodes.data ? (
        <AssignmentsEditor
          roles={roles.data.roles}
          nodes={nodes.data.nodes}
          value={chosen}
          onChange={(next) => {
            set.reset();
            setChosen(next);
          }}
        />
      ) : (
        <Loader size="sm" aria-label={t("loading")} />
      )}
      {person.elsewhere && <p className="small quiet">{t("people.staff.elsewhere")}</p>}
      {person.lastAdministrator && <p className="small quiet">{t("people.staff.lastOne")}</p>}
      <Refused error={set.error} />
      <Button type="submit" mt="md" disabled={!changed} loading={set.isPending}>
        {t("people.person.save")}
      </Button>
    </form>
  );
}

/** Shutting out, letting in, taking away. */
function Door({ person, onGone }: { person: Member; onGone: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const [removing, setRemoving] = useState(false);
  const name = person.name || person.login;
  const block = useMutation(OrganisationService.method.blockPerson, { onSuccess: read });
  const remove = useMutation(OrganisationService.method.removePerson, {
    onSuccess: () => {
      done(t("people.person.removed", { name }));
      read();
      onGone();
    },
  });
  const blocked = person.blockedMs > 0n;
  if (!person.mayRemove) {
    return (
      <p className="small quiet" style={{ marginTop: 24 }}>
        {person.me ? t("people.person.yourself") : !person.lastAdministrator && t("people.person.cannot")}
      </p>
    );
  }
  return (
    <section style={{ marginTop: 24, borderTop: "1px solid var(--line)", paddingTop: 16 }}>
      {!blocked && <p className="small quiet">{t("people.person.blockWhat")}</p>}
      <div style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
        <Button
          variant="default"
          loading={block.isPending}
          onClick={() => block.mutate({ personId: person.id, blocked: !blocked })}
        >
          {t(blocked ? "people.person.unblock" : "people.person.block")}
        </Button>
        <Button variant="default" onClick={() => setRemoving(true)}>
          {t("people.person.remove")}
        </Button>
      </div>
      <Refused error={block.error} />
      {removing && (
        <FormDialog
          title={t("people.person.removeAsk", { name })}
          act={t("people.person.remove")}
          busy={remove.isPending}
          error={remove.error}
          onAct={() => remove.mutate({ personId: person.id })}
          onClose={() => setRemoving(false)}
        >
          <p style={{ marginTop: 0 }}>{t("people.person.removeWhat")}</p>
        </FormDialog>
      )}
    </section>
  );
}
