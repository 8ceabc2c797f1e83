import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Group, Loader, Modal, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { codeOf } from "../app/transport";
import { actionKey } from "../fleet/actions";
import { Checklist } from "../fleet/Checklist";
import {
  type GetWorkResponse,
  RemoteService,
  WorkChange,
  WorkState,
  type WorkTill,
} from "../gen/cabinet/v1/remote_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { IconBack, IconDown } from "../ui/icons";
import { NotDone, Nothing, Unread } from "../ui/Nothing";
import { useSaid } from "../ui/Spoken";
import { When } from "../ui/time";
import { obstacleKey } from "./obstacles";
import { WorkBar, WorkTillWord, WorkWord } from "./WorkWords";

/** One work: how far is it, and what came of it on each till? */
export default function WorkPage() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const work = useQuery(
    RemoteService.method.getWork,
    { id },
    { refetchInterval: (q) => (q.state.data?.work?.state === WorkState.RUNNING ? 3000 : false) },
  );
  return (
    <>
      <Link
        to="/works"
        className="quiet small"
        style={{ display: "inline-flex", gap: 2, alignItems: "center" }}
      >
        <IconBack size={12} /> {t("remote.works.title")}
      </Link>
      {work.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : work.data?.work ? (
        <Body data={work.data} onChanged={() => void work.refetch()} />
      ) : codeOf(work.error) === "not_found" ? (
        <Nothing title={t("remote.works.gone")} />
      ) : (
        <Unread error={work.error} onRetry={() => void work.refetch()} />
      )}
    </>
  );
}

function Body({ data, onChanged }: { data: GetWorkResponse; onChanged: () => void }) {
  const { t } = useTranslation();
  const [cancelling, setCancelling] = useState(false);
  const change = useMutation(RemoteService.method.changeWork, {
    onSettled: onChanged,
    onError: (error) =>
      notifications.show({
        color: "gray",
        message: codeOf(error) === "failed_precondition" ? t("remote.works.over") : <NotDone error={error} />,
        closeButtonProps: { "aria-label": t("close") },
      }),
  });
  const work = data.work;
  if (!work) return null;
  const order = work.order;
  const open = [WorkState.RUNNING, WorkState.PAUSED, WorkState.STOPPED].includes(work.state);
  const turn = (c: WorkChange) => change.mutate({ id: work.id, change: c });
  return (
    <>
      <div className="title" style={{ marginTop: 4 }}>
        <div style={{ minWidth: 0 }}>
          <div style={{ display: "flex", flexWrap: "wrap", gap: "2px 14px", alignItems: "center" }}>
            <Title order={1}>{t(actionKey(order?.action ?? Action.UNSPECIFIED))}</Title>
            <span role="status">
              <WorkWord state={work.state} />
            </span>
          </div>
          <div className="quiet">
            <When ms={work.createdMs} /> · {work.actor}
            {order?.reason && <> · {order.reason}</>}
          </div>
          <div className="quiet small">
            {[
              t("remote.works.order", { rate: order?.perMinute || 10 }),
              order?.stopFailures ? t("remote.works.stopAt", { count: order.stopFailures }) : "",
              order?.stopPercent ? t("remote.works.stopShare", { count: order.stopPercent }) : "",
              order?.askConsent ? t("remote.works.asks") : "",
            ]
              .filter(Boolean)
              .join(" ")}
          </div>
        </div>
        {work.mine && open && (
          <Group gap={8}>
            {work.state === WorkState.RUNNING ? (
              <Button variant="default" onClick={() => turn(WorkChange.PAUSE)} loading={change.isPending}>
                {t("remote.works.pause")}
              </Button>
            ) : (
              <Button onClick={() => turn(WorkChange.RESUME)} loading={change.isPending}>
                {t("remote.works.resume")}
              </Button>
            )}
            <Button variant="default" onClick={() => setCancelling(true)}>
              {t("remote.works.cancel")}
            </Button>
          </Group>
        )}
      </div>
      {work.state === WorkState.STOPPED && (
        <section className="panel">
          <div className="strong">
            {t(work.why === "percent" ? "remote.works.why.percent" : "remote.works.why.failures")}
          </div>
        </section>
      )}
      <div style={{ margin: "12px 0 16px", maxWidth: 640 }}>
        <WorkBar work={work} />
      </div>
      <ul className="cards" aria-label={t("remote.works.tills")}>
        {data.tills.map((till) => (
          <Row key={till.tillId} till={till} />
        ))}
      </ul>
      {cancelling && (
        <Modal
          opened
          onClose={() => setCancelling(false)}
          title={<span className="strong">{t("remote.works.cancel")}</span>}
          closeButtonProps={{ "aria-label": t("close") }}
        >
          <p style={{ margin: 0 }}>{t("remote.works.cancelWhy")}</p>
          <Group justify="flex-end" mt="lg" gap={8}>
            <Button variant="default" onClick={() => setCancelling(false)}>
              {t("cancel")}
            </Button>
            <Button
              onClick={() => {
                setCancelling(false);
                turn(WorkChange.CANCEL);
              }}
              data-autofocus
            >
              {t("remote.works.cancel")}
            </Button>
          </Group>
        </Modal>
      )}
    </>
  );
}

function Row({ till }: { till: WorkTill }) {
  const { t } = useTranslation();
  const words = useSaid();
  const [open, setOpen] = useState(false);
  const said = till.obstacle
    ? t(obstacleKey(till.obstacle), { code: till.obstacle })
    : till.command?.run?.ended
      ? words(till.command.run.text)
      : "";
  return (
    <li className="card">
      <div className="workrow">
        <Link to={`/tills/${encodeURIComponent(till.tillId)}`} className="strong">
          {till.name || till.tillId}
        </Link>
        <span className="quiet small">{till.outlet}</span>
        <WorkTillWord state={till.state} />
        {till.command && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            rightSection={<IconDown className={open ? "up" : undefined} />}
          >
            {t("command.steps")}
          </Button>
        )}
      </div>
      {!open && said && <div className="quiet">{said}</div>}
      {open && till.command && <Checklist command={till.command} agentOnline />}
    </li>
  );
}
