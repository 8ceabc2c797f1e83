import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Group, Loader, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { codeOf } from "../app/transport";
import { save } from "../documents/save";
import type { TicketCell } from "../gen/cabinet/v1/commands_pb";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { IconRed, IconTick } from "../ui/icons";
import { NotDone, Unread } from "../ui/Nothing";
import { Spoken } from "../ui/Spoken";
import { When } from "../ui/time";
import { StepRow } from "./Checklist";

/** Longest word about what was done that the cabinet keeps. */
const RESOLUTION = 1000;

/** Tickets one under another, each in a frame unless the page has one around; `tillOf` names the till where the page does not. */
export function Tickets(p: {
  list: readonly TicketCell[];
  framed?: boolean;
  tillOf?: (id: string) => Till | undefined;
}) {
  const { t } = useTranslation();
  return (
    <ul className="cards" style={{ gap: 16 }} aria-label={t("tickets.title")}>
      {p.list.map((ticket) => (
        <li key={ticket.id} className={p.framed ? "panel" : undefined}>
          <Ticket ticket={ticket} till={p.tillOf?.(ticket.tillId)} />
        </li>
      ))}
    </ul>
  );
}

function Ticket({ ticket, till }: { ticket: TicketCell; till?: Till }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const [open, setOpen] = useState(false);
  const [closing, setClosing] = useState(false);
  const closed = ticket.closedMs > 0n;
  return (
    <>
      <div style={{ display: "flex", flexWrap: "wrap", gap: "4px 12px", alignItems: "center" }}>
        <span className={`state ${closed ? "green" : "red"}`}>
          {closed ? <IconTick /> : <IconRed size={16} />} {t("tickets.number", { id: ticket.id })}
        </span>
        {till && (
          <Link className="strong" to={`/tills/${encodeURIComponent(till.id)}`}>
            {till.name}
          </Link>
        )}
        <span className="quiet small">
          <When ms={ticket.openedMs} />
          {till?.outlet && ` · ${till.outlet}`}
        </span>
      </div>
      <div style={{ marginTop: 4 }}>
        <Spoken text={ticket.text} />
      </div>
      {closed && (
        <div className="quiet" style={{ marginTop: 4 }}>
          {t("tickets.closedBy", { who: ticket.closedBy })} · <When ms={ticket.closedMs} />: «
          {ticket.resolution}»
        </div>
      )}
      {open && <Body id={ticket.id} />}
      {closing && !closed && <Close id={ticket.id} onCancel={() => setClosing(false)} />}
      {!(closing && !closed) && (
        <Group gap={8} mt={8}>
          <Button variant="default" size="xs" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(open ? "tickets.less" : "tickets.more")}
          </Button>
          {!closed && can("tills:recover") && (
            <Button variant="default" size="xs" onClick={() => setClosing(true)}>
              {t("tickets.close")}
            </Button>
          )}
        </Group>
      )}
    </>
  );
}

/** The run that did not help, and the file for whoever looks into it. */
function Body({ id }: { id: string }) {
  const { t } = useTranslation();
  const query = useQuery(FleetService.method.getTicket, { id }, { staleTime: Number.POSITIVE_INFINITY });
  if (query.isPending) return <Loader size="sm" mt={8} aria-label={t("loading")} />;
  if (!query.data) return <Unread error={query.error} onRetry={() => void query.refetch()} />;
  const { run, bundle } = query.data;
  return (
    <div style={{ marginTop: 8 }}>
      {run && run.steps.length > 0 && (
        <>
          <div className="quiet small">{t("tickets.steps")}</div>
          <ol className="steps" aria-label={t("tickets.steps")}>
            {run.steps.map((step, i) => (
              <StepRow key={`${step.code} ${i}`} step={step} ended />
            ))}
          </ol>
        </>
      )}
      {bundle.length > 0 ? (
        <div style={{ marginTop: 8 }}>
          <Button
            variant="default"
            size="xs"
            onClick={() => save(bundle, `chekan-${id}.zip`, "application/zip")}
          >
            {t("tickets.bundle")}
          </Button>
          <div className="quiet small">{t("tickets.bundleWhat")}</div>
        </div>
      ) : (
        <div className="quiet">{t("tickets.noBundle")}</div>
      )}
    </div>
  );
}

/** Ends a ticket with a word about what was done. */
function Close({ id, onCancel }: { id: string; onCancel: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [done, setDone] = useState("");
  const close = useMutation(FleetService.method.closeTicket, {
    onSuccess: () => {
      onCancel();
      return queries.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: FleetService.method.listTickets, cardinality: "finite" }),
      });
    },
    onError: (error) =>
      notifications.show({
        color: "gray",
        title: t("tickets.notClosed"),
        message: codeOf(error) === "failed_precondition" ? t("tickets.already") : <NotDone error={error} />,
        closeButtonProps: { "aria-label": t("close") },
      }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (done.trim() !== "" && !close.isPending) close.mutate({ id, resolution: done.trim() });
  };
  return (
    <form onSubmit={submit}>
      <Textarea
        mt="sm"
        label={t("tickets.resolution")}
        placeholder={t("tickets.resolutionExample")}
        value={done}
        onChange={(e) => setDone(e.currentTarget.value)}
        maxLength={RESOLUTION}
        rows={2}
        data-autofocus
      />
      <Group justify="flex-end" mt="sm" gap={8}>
        <Button variant="default" size="xs" onClick={onCancel}>
          {t("cancel")}
        </Button>
        <Button type="submit" size="xs" disabled={done.trim() === ""} loading={close.isPending}>
          {t("tickets.close")}
        </Button>
      </Group>
    </form>
  );
}
